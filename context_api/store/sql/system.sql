-- What the people who run the installation see of it. The worker writes samples and runs, the API reads.

-- name: take_sample
-- The first sample of an hour or a minute looks at more: what is put aside, and how large each part is.
insert into system_sample (at, step, messages, quarantined, put_aside, database_bytes, free_bytes, parts)
select now(), step.of,
    coalesce((select sum(messages_received) from device_counter), 0)::bigint,
    coalesce((select sum(messages_quarantined) from device_counter), 0)::bigint,
    case when step.of > 0 then (
        select count(*) from (select from quarantine where replayed_at is null limit %(most)s) as aside
    ) end,
    pg_database_size(current_database()),
    %(free_bytes)s::bigint,
    case when step.of > 0 then (
        select jsonb_object_agg(part, bytes) from (
            select part, sum(pg_total_relation_size(oid))::bigint as bytes
            from (
                select c.oid, case
                    when n.nspname = '_timescaledb_internal' then 'history'
                    when c.relname in ('observation', 'observation_superseded', 'observation_moved', 'series') then 'history'
                    when c.relname in ('observation_hourly', 'observation_daily', 'observation_dirty') then 'aggregates'
                    when c.relname ~ '^(entity|temporal_)' then 'entities'
                    when c.relname ~ '^(change|outbox|delivery_)' then 'deliveries'
                    when c.relname ~ '^quarantine' then 'quarantine'
                    when c.relname ~ '^audit' then 'audit'
                    else 'other'
                end as part
                from pg_class c
                join pg_namespace n on n.oid = c.relnamespace
                where c.relkind in ('r', 'm') and n.nspname in ('machi', '_timescaledb_internal')
            ) as relation
            group by part
        ) as sized
    ) end
from (
    select case
        when not exists (select from system_sample where step = 2 and at >= date_trunc('hour', now())) then 2
        when not exists (select from system_sample where step >= 1 and at >= date_trunc('minute', now())) then 1
        else 0
    end as of
) as step
on conflict (at) do nothing

-- name: data_folder
select case when pg_has_role(current_user, 'pg_read_all_settings', 'member') then current_setting('data_directory') end

-- name: thin_samples
delete from system_sample
where step = 0 and at < now() - interval '1 hour'
or step = 1 and at < now() - interval '2 days'
or step = 2 and at < now() - interval '400 days'

-- name: note_runs
insert into job_run (job, interval_s, last_at, duration_ms, done_at, failed_at, failures, runs, detail, error)
select job, interval_s, last_at, duration_ms, done_at, failed_at, failures, runs, coalesce(detail, ''), error
from unnest(%(jobs)s::text[], %(intervals)s::real[], %(last)s::timestamptz[], %(durations)s::integer[],
    %(done)s::timestamptz[], %(failed)s::timestamptz[], %(failures)s::bigint[], %(runs)s::bigint[], %(details)s::text[],
    %(errors)s::text[]
) as run (job, interval_s, last_at, duration_ms, done_at, failed_at, failures, runs, detail, error)
on conflict (job) do update
set interval_s = excluded.interval_s, last_at = excluded.last_at, duration_ms = excluded.duration_ms,
    done_at = coalesce(excluded.done_at, job_run.done_at), failed_at = coalesce(excluded.failed_at, job_run.failed_at),
    failures = excluded.failures, runs = excluded.runs,
    detail = case when excluded.detail <> '' then excluded.detail else job_run.detail end,
    error = excluded.error

-- name: list_runs
select job, interval_s, last_at, duration_ms, done_at, failed_at, failures, runs, detail, error
from job_run order by job

-- name: newest_sample
select at, messages, quarantined, database_bytes, free_bytes from system_sample order by at desc limit 1

-- name: newest_looked
select put_aside, parts from system_sample where step > 0 order by at desc limit 1

-- name: list_samples
-- The first sample in each stretch of time, and the newest of all.
select distinct on (date_bin(%(every)s, at, timestamptz 'epoch')) at, messages, quarantined
from system_sample
where at >= now() - %(back)s
order by date_bin(%(every)s, at, timestamptz 'epoch'), at

-- name: oldest_size
select at, database_bytes from system_sample
where step = 2 and at >= now() - %(back)s order by at limit 1

-- name: read_server
select current_setting('server_version'), pg_postmaster_start_time(), current_setting('max_connections')::integer,
    (select sum(numbackends)::integer from pg_stat_database),
    (select extversion from pg_extension where extname = 'timescaledb'),
    current_setting('timescaledb.license', true), now()

-- name: count_indexes
select state, count(*), min(created_at) from attribute_index group by state

-- name: count_imports
select state, count(*), max(coalesce(finished_at, registered_at, started_at, created_at))
from device_import where state in ('waiting', 'registering', 'provisioning') group by state

-- name: read_deliveries
select coalesce(sum(matched - delivered - coalesced - dead_lettered - cancelled), 0)::bigint,
    coalesce(sum(dead_lettered), 0)::bigint,
    (select count(*) from delivery_circuit where open_until > now()),
    (select count(*) from subscription where not is_active and status_reason is not null)
from subscription_counter

-- name: read_aggregates
select nullif(done_until, '-infinity'), (select count(*) from (select from observation_dirty limit 10000) as dirty) from aggregate_state
