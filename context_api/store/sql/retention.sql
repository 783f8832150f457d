-- name: list_policies
select t.iri, r.raw_days, r.keep_aggregates, r.compress_days, r.modified_at, r.values_dropped, r.aggregates_dropped,
    r.last_drop
from retention r
join term t on t.id = r.type_id
where r.tenant_id = %s
order by t.iri

-- name: put_policy
insert into retention (tenant_id, type_id, raw_days, keep_aggregates, compress_days)
values (%s, %s, %s, %s, %s)
on conflict (tenant_id, type_id) do update
set raw_days = excluded.raw_days, keep_aggregates = excluded.keep_aggregates,
    compress_days = excluded.compress_days, modified_at = now()
returning xmax = 0

-- name: delete_policy
delete from retention where tenant_id = %s and type_id = any(%s)

-- name: compress_days
select max(compress_days) from retention

-- name: list_due
-- Every policy that drops, with the time before which it does: a day's beginning in Japan.
select r.tenant_id, n.name, r.type_id, t.iri, history_day(now() - r.raw_days * interval '24 hours'), r.keep_aggregates,
    r.raw_days
from retention r
join tenant n on n.id = r.tenant_id
join term t on t.id = r.type_id
where r.raw_days is not null
order by 1, 3

-- name: find_series
-- Series of a type with values older than a time. An entity of several types keeps what any of them keeps. What is
-- not aggregated yet waits, where the aggregates are to stay.
select s.id
from series s
where s.tenant_id = %(tenant)s and s.types @> array[%(type)s::integer] and s.id > %(after)s
    and not exists (
        select from retention other
        where other.tenant_id = s.tenant_id and other.type_id = any(s.types)
            and (other.raw_days is null or history_day(now() - other.raw_days * interval '24 hours') < %(before)s)
    )
    and exists (select from observation o where o.series_id = s.id and o.at < %(before)s)
    and (
        not %(keep)s
        or %(before)s <= (select done_until from aggregate_state)
        and not exists (
            select from observation_dirty d
            where d.series_id = s.id and d.from_at < %(before)s and d.until_at > coalesce(s.raw_from, d.from_at)
        )
    )
order by s.id
limit %(limit)s

-- name: set_raw_from
update series set raw_from = %s where id = any(%s) and (raw_from is null or raw_from < %s)

-- name: mark_nothing
select set_config('machi.marks', 'off', true)

-- name: first_value
select at from observation where series_id = %s order by at limit 1

-- name: delete_values
delete from observation where series_id = %s and at >= %s and at < %s

-- name: list_chunks
select chunk_name::text, range_start, range_end
from timescaledb_information.chunks
where hypertable_schema = 'machi' and hypertable_name = 'observation' and range_end <= %s
order by range_start

-- name: find_kept
select 1
from series s
where coalesce(s.raw_from, '-infinity') < %(last)s and exists (
    select from observation o where o.series_id = s.id and o.at >= %(first)s and o.at < %(last)s
)
limit 1

-- name: count_values
-- A series of several types counts for the one that keeps it longest.
select count(*)
from observation o
join series s on s.id = o.series_id
where o.at >= %(first)s and o.at < %(last)s and s.tenant_id = %(tenant)s and %(type)s = (
    select r.type_id from retention r
    where r.tenant_id = s.tenant_id and r.type_id = any(s.types)
    order by r.raw_days desc, r.type_id limit 1
)

-- name: drop_chunk
select drop_chunks('machi.observation', older_than => %(last)s::timestamptz, newer_than => %(first)s::timestamptz)

-- name: delete_superseded
delete from observation_superseded where series_id = any(%s) and at < %s

-- name: delete_aggregates
delete from observation_{level} a
using series s
where s.tenant_id = %(tenant)s and s.types @> array[%(type)s::integer] and s.raw_from is not null
    and a.series_id = s.id and a.at < least(s.raw_from, %(before)s)

-- name: count_drop
update retention
set values_dropped = values_dropped + %s, aggregates_dropped = aggregates_dropped + %s, last_drop = now()
where tenant_id = %s and type_id = %s
