-- name: try_lock
select pg_try_advisory_lock(%s)

-- name: unlock
select pg_advisory_unlock(%s)

-- name: get_state
select marked_until, done_until, marked_until = '-infinity', pg_snapshot_xmin(pg_current_snapshot()) > marked_xid
from aggregate_state

-- name: mark
-- From now on writers mark what they write before this time. `marked_xid` is above all transactions that may not
-- know of it: they have a number by the time they write.
update aggregate_state
set marked_until = %s, marked_xid = pg_snapshot_xmax(pg_current_snapshot())

-- name: mark_everything
-- Of the first time: nothing is aggregated yet.
insert into observation_dirty (series_id, from_at, until_at)
select id, timestamptz '0001-01-01 15:00:00Z', history_day(%s) + interval '24 hours' from series

-- name: set_done
update aggregate_state set done_until = %s

-- name: next_series
select coalesce(array_agg(id), '{}')
from (select id from series where id > %s order by id limit %s) as s

-- name: take_dirty
-- Those of few series at a time, all that is known of each, so that ranges that overlap are done once.
with chosen as materialized (
    select distinct series_id from (select series_id from observation_dirty limit %s) as d
)
delete from observation_dirty d
using chosen
where d.series_id = chosen.series_id
returning d.series_id, d.from_at, d.until_at, (select r.raw_from from series r where r.id = d.series_id)

-- name: put_back
insert into observation_dirty (series_id, from_at, until_at)
select * from unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[])

-- name: measure
select count(*), min(at), max(at)
from (
    select o.at from observation o
    where o.series_id = %(id)s and o.at >= %(from)s and o.at < %(until)s
    order by o.at limit %(values)s
) as o

-- name: forget
delete from observation_{level} a
using unnest(%(raw_ids)s::integer[], %(raw_from)s::timestamptz[], %(raw_until)s::timestamptz[])
    as g (series_id, from_at, until_at)
where a.series_id = g.series_id and a.at >= g.from_at and a.at < g.until_at

-- name: fill_hours
insert into observation_hourly (
    series_id, at, unit, total, count, sum, sumsq, minimum, maximum, deviations, first_at, last_at, first, last,
    has_observed_at
)
{raw}

-- name: fill_days
with piece as (
    select a.*, history_day(a.at) as day,
        sum(a.sum) over day / nullif(sum(a.count) over day, 0) as mean
    from unnest(%(raw_ids)s::integer[], %(raw_from)s::timestamptz[], %(raw_until)s::timestamptz[])
        as g (series_id, from_at, until_at)
    join observation_hourly a on a.series_id = g.series_id and a.at >= g.from_at and a.at < g.until_at
    window day as (partition by a.series_id, history_day(a.at), a.has_observed_at, a.unit)
)
insert into observation_daily (
    series_id, at, has_observed_at, unit, total, count, sum, sumsq, minimum, maximum, deviations, first_at, last_at,
    first, last
)
select p.series_id, p.day, p.has_observed_at, p.unit,
    {combined}
from piece p
group by p.series_id, p.day, p.has_observed_at, p.unit

-- name: get_progress
select marked_until, done_until, (select count(*) from observation_dirty) from aggregate_state
