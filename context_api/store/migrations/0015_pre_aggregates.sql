-- Aggregates of history by the hour and by the Japanese day, kept by the worker (docs/decisions/0005-aggregates.md).

-- One row per series, hour, unit and whether observedAt was given. `unit` is null for the series' own.
create table observation_hourly (
    series_id integer not null,
    at timestamptz not null, -- when the hour begins
    has_observed_at boolean not null,
    unit jsonb,
    total integer not null, -- values of any kind that were not deleted
    count integer not null, -- numbers; true is 1 and false is 0
    sum double precision,
    sumsq double precision,
    minimum double precision,
    maximum double precision,
    deviations double precision, -- sum of squared deviations from the mean
    first_at timestamptz,
    last_at timestamptz,
    first double precision,
    last double precision
);
create index observation_hourly_at on observation_hourly (series_id, at);

-- The same by days that begin at 15:00 UTC, midnight in Japan.
create table observation_daily (like observation_hourly including all);

-- Hours before done_until are in the tables above, except where observation_dirty says otherwise. What is written
-- before marked_until is marked as dirty; transactions that began before marked_xid may not know of it yet.
create table aggregate_state (
    id boolean primary key default true check (id),
    marked_until timestamptz not null default '-infinity',
    marked_xid xid8 not null default '0',
    done_until timestamptz not null default '-infinity'
);
insert into aggregate_state default values;

-- Ranges of a series whose aggregates are not to be used: whole Japanese days, in UTC. Only ever added to by
-- writers, in the transaction that made them dirty; the worker takes them away.
create table observation_dirty (
    series_id integer not null,
    from_at timestamptz not null,
    until_at timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
create index observation_dirty_series on observation_dirty (series_id);

-- When the Japanese day of a time begins.
create function history_day(at timestamptz) returns timestamptz
    language sql immutable strict parallel safe
    return date_bin('24 hours', at, timestamptz '2000-01-01 15:00:00Z');

-- Runs of days become one range: a backfill of years marks few rows.
create function mark_inserted() returns trigger language plpgsql as $$
begin
    insert into machi.observation_dirty (series_id, from_at, until_at)
    select series_id, min(day), max(day) + interval '24 hours'
    from (
        select series_id, day,
            day - interval '24 hours' * row_number() over (partition by series_id order by day) as run
        from (
            select distinct n.series_id, machi.history_day(n.at) as day
            from fresh n, machi.aggregate_state s
            where n.at < s.marked_until
        ) as days
    ) as runs
    group by series_id, run;
    return null;
end
$$;

create function mark_updated() returns trigger language plpgsql as $$
begin
    insert into machi.observation_dirty (series_id, from_at, until_at)
    select distinct n.series_id, machi.history_day(n.at), machi.history_day(n.at) + interval '24 hours'
    from (select series_id, at from fresh union all select series_id, at from former) as n, machi.aggregate_state s
    where n.at < s.marked_until;
    return null;
end
$$;

-- By row, since the columnstore has no transition tables for deletions. With `machi.marks` off nothing is marked:
-- retention keeps the aggregates of what it deletes.
create function mark_deleted() returns trigger language plpgsql as $$
declare
    day timestamptz := machi.history_day(old.at);
begin
    if current_setting('machi.marks', true) is distinct from 'off' and not exists (
        select from machi.observation_dirty d
        where d.series_id = old.series_id and d.from_at <= day and d.until_at > day
            and d.xmin = pg_current_xact_id()::xid
    ) then
        insert into machi.observation_dirty (series_id, from_at, until_at)
        select old.series_id, day, day + interval '24 hours'
        from machi.aggregate_state s
        where old.at < s.marked_until;
    end if;
    return null;
end
$$;

create trigger observation_inserted after insert on observation
    referencing new table as fresh for each statement execute function mark_inserted();
create trigger observation_updated after update on observation
    referencing new table as fresh old table as former for each statement execute function mark_updated();
create trigger observation_deleted after delete on observation
    for each row execute function mark_deleted();
