-- name: raw
-- Numbers (true is 1, false is 0) of each series, bucket and unit; `total` counts values of any kind. {time} is the
-- time looked at, {bucket} turns it into a bucket, {condition} is what else must hold.
with part as (
    select o.series_id, {bucket} as bucket, o.body -> 'u' as unit,
        count(*) as total,
        count(n.number) as count,
        sum(n.number) as sum,
        sum(n.number * n.number) as sumsq,
        min(n.number) as minimum,
        max(n.number) as maximum,
        var_pop(n.number) as variance,
        min({time}) filter (where n.number is not null) as first_at,
        max({time}) filter (where n.number is not null) as last_at{distinct}
    from observation o
    cross join lateral (select {number}) as n (number)
    where o.series_id = any(%(series)s) and {time} >= %(start)s and {time} < %(end)s and o.deleted_at is null
        and {condition}
    group by 1, 2, 3
)
select p.series_id, p.bucket, case when p.unit is null then s.unit_code else p.unit #>> '{}' end,
    p.total, p.count, p.sum, p.sumsq, p.minimum, p.maximum, p.variance * p.count,
    p.first_at, p.last_at, f.number, l.number{distinct_name}
from part p
join series s on s.id = p.series_id
{ends}
order by 1, 2, 3

-- name: ends
-- The first and last number: one look-up each.
left join lateral (
    select {number} from observation o
    where o.series_id = p.series_id and o.at = p.first_at and o.deleted_at is null
) as f (number) on true
left join lateral (
    select {number} from observation o
    where o.series_id = p.series_id and o.at = p.last_at and o.deleted_at is null
) as l (number) on true

-- name: no_ends
-- Times other than `at` have no index to look them up by.
cross join (select null::float8) as f (number)
cross join (select null::float8) as l (number)

-- name: number
-- What is aggregated: no number so large that its square, or a sum of squares, overflows.
case
    when o.value between -1e140 and 1e140 then o.value
    when jsonb_typeof(o.body -> 'v') = 'boolean' then (o.body ->> 'v')::boolean::integer
end

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
