-- name: read
-- From aggregates of pieces of buckets: a bucket is put together from its pieces.
with {units},
part (
    series_id, bucket, unit, total, count, sum, sumsq, minimum, maximum, deviations, first_at, last_at, first, last
) as materialized (
    {parts}
),
piece as (
    select p.*, sum(p.sum) over bucket / nullif(sum(p.count) over bucket, 0) as mean
    from part p
    window bucket as (partition by p.series_id, p.bucket, p.unit)
),
whole as (
    select p.series_id, p.bucket, p.unit,
        {combined}
    from piece p
    group by p.series_id, p.bucket, p.unit
)
select w.series_id, w.bucket, case when w.unit is null then s.unit_code else w.unit #>> '{}' end,
    w.total, w.count, w.sum, w.sumsq, w.minimum, w.maximum, w.deviations, w.first, w.last
from whole w
join unit_of s on s.id = w.series_id
order by w.series_id, w.bucket, w.unit

-- name: read_single
-- Where every bucket is one piece, there is nothing to put together.
with {units}
select p.series_id, p.bucket, case when p.unit is null then s.unit_code else p.unit #>> '{}' end,
    p.total, p.count, p.sum, p.sumsq, p.minimum, p.maximum, p.deviations, p.first, p.last
from ({parts}) as p (
    series_id, bucket, unit, total, count, sum, sumsq, minimum, maximum, deviations, first_at, last_at, first, last
)
join unit_of s on s.id = p.series_id
order by p.series_id, p.bucket, p.unit

-- name: units
-- The units of the series, looked up once for each and not once for each bucket.
unit_of as materialized (select id, unit_code from series where id = any(%(series)s))

-- name: combined
-- The deviations of a whole from those of its pieces: what they have, and what their means have from its mean.
sum(p.total)::integer as total,
sum(p.count)::integer as count,
sum(p.sum) as sum,
sum(p.sumsq) as sumsq,
min(p.minimum) as minimum,
max(p.maximum) as maximum,
sum(p.deviations + p.count * (p.sum / nullif(p.count, 0) - p.mean) ^ 2) as deviations,
min(p.first_at) as first_at,
max(p.last_at) as last_at,
(array_agg(p.first order by p.first_at))[1] as first,
(array_agg(p.last order by p.last_at desc nulls last))[1] as last

-- name: kept
-- Ready aggregates of ranges, daily or hourly.
select a.series_id, {bucket}, a.unit, a.total, a.count, a.sum, a.sumsq, a.minimum, a.maximum, a.deviations,
    a.first_at, a.last_at, a.first, a.last
from unnest(%({table}_ids)s::integer[], %({table}_from)s::timestamptz[], %({table}_until)s::timestamptz[])
    as g (series_id, from_at, until_at)
cross join lateral (
    select *
    from observation_{table} a
    where a.series_id = g.series_id and a.at >= g.from_at and a.at < g.until_at and {condition}
    offset 0
) as a

-- name: raw
-- Aggregates of the values in ranges, by the time looked at and the bucket it is in. `offset 0` keeps the planner
-- from anything but one look by the index for each range.
select r.series_id, r.bucket, r.unit, r.total, r.count, r.sum, r.sumsq, r.minimum, r.maximum,
    r.variance * r.count, r.first_at, r.last_at, {first}, {last}{more}
from (
    select g.series_id, {bucket} as bucket, o.body -> 'u' as unit, {observed} as has_observed_at,
        count(*)::integer as total,
        count(n.number)::integer as count,
        sum(n.number) as sum,
        sum(n.number * n.number) as sumsq,
        min(n.number) as minimum,
        max(n.number) as maximum,
        var_pop(n.number) as variance,
        min({time}) filter (where n.number is not null) as first_at,
        max({time}) filter (where n.number is not null) as last_at{numbers}{distinct}
    from unnest(%(raw_ids)s::integer[], %(raw_from)s::timestamptz[], %(raw_until)s::timestamptz[])
        as g (series_id, from_at, until_at)
    cross join lateral (
        select *
        from observation o
        where o.series_id = g.series_id and {time} >= g.from_at and {time} < g.until_at
            and {time} >= %(start)s and {time} < %(end)s and o.deleted_at is null and {condition}
        offset 0
    ) as o
    cross join lateral (select {number}) as n (number)
    group by 1, 2, 3, 4
) as r
{ends}

-- name: numbers
, array_agg(n.number order by {time}) filter (where n.number is not null) as numbers

-- name: ends
-- The first and last number: one look-up each.
left join lateral (
    select {number} from observation o where o.series_id = r.series_id and o.at = r.first_at limit 1
) as f (number) on true
left join lateral (
    select {number} from observation o where o.series_id = r.series_id and o.at = r.last_at limit 1
) as l (number) on true

-- name: number
-- What is aggregated: no number so large that its square, or a sum of squares, overflows.
case
    when o.value between -1e140 and 1e140 then o.value
    when jsonb_typeof(o.body -> 'v') = 'boolean' then (o.body ->> 'v')::boolean::integer
end

-- name: read_distinct
-- As raw, but of whole buckets, with the number of different values.
with {units}
select r.series_id, r.bucket, case when r.unit is null then s.unit_code else r.unit #>> '{}' end,
    r.total, r.count, r.sum, r.sumsq, r.minimum, r.maximum, r.deviations, r.first, r.last, r.different
from ({parts}) as r (
    series_id, bucket, unit, total, count, sum, sumsq, minimum, maximum, deviations, first_at, last_at, first, last,
    different
)
join unit_of s on s.id = r.series_id
order by r.series_id, r.bucket, r.unit

-- name: get_state
-- Until when aggregates are ready, and which ranges of the series are to be taken from the values instead.
select s.done_until, d.series_id, greatest(d.from_at, r.raw_from), d.until_at
from aggregate_state s
left join (observation_dirty d join series r on r.id = d.series_id)
    on d.series_id = any(%s) and d.from_at < %s and d.until_at > %s and d.until_at > coalesce(r.raw_from, d.from_at)

-- name: extent
-- The times of the first and last value of any of the series, by the index.
select min(x.first_at), max(x.last_at)
from unnest(%(series)s::integer[]) as s (id)
cross join lateral (
    select
        (
            select o.at from observation o
            where o.series_id = s.id and o.at >= %(start)s and o.at < %(end)s and o.deleted_at is null
                and {condition}
            order by o.at limit 1
        ),
        (
            select o.at from observation o
            where o.series_id = s.id and o.at >= %(start)s and o.at < %(end)s and o.deleted_at is null
                and {condition}
            order by o.at desc limit 1
        )
) as x (first_at, last_at)
