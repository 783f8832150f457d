-- What the people who run the installation see of it: since when each process runs and how it is doing, what came in
-- over time and how large the database is, the last run of each job.

alter table process_heartbeat
    add column started_at timestamptz,
    add column version text,
    add column figures jsonb not null default '{}'; -- few and small: what the process says of its own work

-- Counters as they stood: the rate between two samples is the difference by their distance. The first of each minute
-- and of each hour are kept longer.
create table system_sample (
    at timestamptz primary key default now(),
    step smallint not null, -- 2 the first of its hour, 1 of its minute, 0 neither
    messages bigint not null, -- received, by all doors, since ever
    quarantined bigint not null, -- of them
    put_aside integer, -- in the quarantine now; null between two minutes
    database_bytes bigint not null,
    free_bytes bigint, -- on the volume of the data; null: not known
    parts jsonb -- bytes by part of the database; null between two minutes
);
create index system_sample_step on system_sample (step, at);

create table job_run (
    job text primary key,
    interval_s real not null,
    last_at timestamptz not null,
    duration_ms integer not null, -- of the last run
    done_at timestamptz, -- when it last ended well
    failed_at timestamptz,
    failures bigint not null default 0, -- since the worker that leads began
    runs bigint not null default 0,
    detail text not null default '', -- what it said the last time it had something to say
    error text -- of the last run; null: it ended well
);
comment on table system_sample is 'Written every 15 seconds by the worker; GET /api/v1/system reads it';
comment on table job_run is 'Written by the worker that leads, some seconds after each run';
