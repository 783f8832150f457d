-- What streams ask of the table change.

-- name: get_last_number
select case when is_called then last_value else 0 end from change_seq;

-- name: take_transaction
-- Later than every transaction that has drawn a number so far: they draw under an id of their own.
select pg_current_xact_id()::text::bigint;

-- name: get_oldest_running
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint;

-- name: get_changes
-- All rows are counted, and those of the tenants that somebody listens to are read.
select g.seq, g.tenant_id, g.trigger, g.at, g.document, g.found
from (
    select c.seq, c.tenant_id, c.trigger, (extract(epoch from c.at) * 1000000)::bigint as at,
        case when c.tenant_id = any (%(tenants)s) then c.document end as document,
        sum(octet_length(c.document)) over (order by c.seq) - octet_length(c.document) as bytes_before,
        count(*) over () as found
    from (
        select * from change c
        where c.seq > %(after)s and c.seq <= %(until)s
        order by c.seq
        limit %(limit)s
    ) c
) g
where g.bytes_before < %(max_bytes)s
order by g.seq;

-- name: get_first_kept
-- Of the days that are kept on purpose.
select min(c.seq)
from generate_series(
    (statement_timestamp() at time zone 'UTC')::date - %(days)s::integer,
    (statement_timestamp() at time zone 'UTC')::date + 1,
    interval '1 day'
) as g (at)
cross join lateral (select c.seq from change c where c.day = g.at::date order by c.seq limit 1) c;

-- name: get_identity
-- The same for everybody who uses this very database, and for nobody else.
select c.system_identifier::text || '.' || d.oid::text
from pg_control_system() c, pg_database d
where d.datname = current_database();
