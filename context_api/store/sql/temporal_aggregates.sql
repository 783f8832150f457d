-- name: extent
-- The first and the last time of an instance: two look-ups per series.
select min(f.at), max(l.at)
from unnest(%s::integer[]) as s (id)
cross join lateral (
    select o.at from observation o where o.series_id = s.id and o.deleted_at is null and {condition}
    order by o.at limit 1
) as f
cross join lateral (
    select o.at from observation o where o.series_id = s.id and o.deleted_at is null and {condition}
    order by o.at desc limit 1
) as l

-- name: slow_extent
select min({key}), max({key})
from unnest(%s::integer[]) as s (id)
join observation o on o.series_id = s.id
where o.deleted_at is null and {condition}

-- name: texts
-- What no number says: strings by their characters' numbers, times of the day, the sizes of arrays.
select v.series_id, v.bucket::integer, count(v.text)::integer, min(v.text collate "C"), max(v.text collate "C"),
    count(v.size)::integer, sum(v.size)::float8, sum(v.size * v.size)::float8, min(v.size), max(v.size),
    count(v.seconds)::integer, avg(v.seconds)::float8
from (
    select r.series_id, r.bucket, jsonb_array_length(case when jsonb_typeof(r.value) = 'array' then r.value end) as size,
        t.text,
        case when t.text ~ '^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z$'
            then extract(epoch from rtrim(t.text, 'Z')::time)
        end as seconds
    from (
        select o.series_id, width_bucket({key}, %s::timestamptz[]) - 1 as bucket,
            case when jsonb_typeof(o.body -> 'v') = 'object' and o.body -> 'v' ? '@value'
                then o.body -> 'v' -> '@value' else o.body -> 'v'
            end as value
        from unnest(%s::integer[]) as s (id)
        join observation o on o.series_id = s.id
        where o.deleted_at is null and o.body ? 'v' and {condition} and {key} >= %s and {key} < %s
    ) as r
    cross join lateral (select case when jsonb_typeof(r.value) = 'string' then r.value #>> '{}' end as text) as t
) as v
group by v.series_id, v.bucket
