-- name: get_heads
-- What is known of histories besides their instances, in the order of the ids.
select g.id, e.types, t.types, array(
        select y.type_id from temporal_type y where y.tenant_id = g.tenant_id and y.entity_id = g.id
        order by y.type_id
    ),
    coalesce(e.scopes, '{}'), least(e.created_at, t.created_at), greatest(e.modified_at, t.modified_at),
    b.deleted_at, coalesce(e.expires_at, t.expires_at), e.id is not null or t.id is not null, e.id is not null
from (
    select %s::integer as tenant_id, i.id, i.n from unnest(%s::text[]) with ordinality as i (id, n)
) as g
left join entity e on e.tenant_id = g.tenant_id and e.id = g.id
left join temporal_entity t on t.tenant_id = g.tenant_id and t.id = g.id
left join tombstone b on b.tenant_id = g.tenant_id and b.entity_id = g.id
order by g.n

-- name: get_series
select s.entity_id, s.id, s.attribute_id, s.dataset_id, s.kind, s.unit_code, s.types, s.created_at,
    exists (select from observation_moved m where m.series_id = s.id)
from series s
where s.tenant_id = %s and s.entity_id = any(%s) and {condition}
order by s.entity_id, s.id
limit %s

-- name: get_moved
select series_id, origin, generation, at
from observation_moved
where series_id = any(%s)
order by series_id, origin, generation

-- name: has_observations
select exists (select from unnest(%s::integer[]) as s (id)
    cross join lateral (select from observation o where o.series_id = s.id order by o.at limit 1) as found)

-- name: read_columns
-- The instances of each run as columns. Within the lateral query rows come in the order of their time, and
-- aggregates keep the order in which rows come.
select s.n::integer, c.rows, c.bytes, c.times, c.numbers, c.integers, c.bodies, c.observed, c.recorded,
    c.modified, c.deleted, c.keys
from unnest(%s::integer[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::timestamptz[], %s::timestamptz[])
    with ordinality as s (id, lower, upper, ranges, behind, behind_at, n)
cross join lateral (
    select count(*)::integer as rows,
        coalesce(sum(w.size), 0)::bigint as bytes,
        string_agg(timestamptz_send(w.at), '') as times,
        string_agg(float8send(coalesce(w.value, 'NaN')), '') as numbers,
        case when count(w.body) > 0 and sum(w.size) = 0 then array_agg(w.body is not null) end as integers,
        case when sum(w.size) > 0 then array_agg(w.body) end as bodies,
        case when not bool_and(w.has_observed_at) then array_agg(w.has_observed_at) end as observed,
        {recorded} as recorded,
        case when count(w.modified_at) > 0 then array_agg(w.modified_at) end as modified,
        case when count(w.deleted_at) > 0 then array_agg(w.deleted_at) end as deleted,
        {keys} as keys
    from (
        select v.*, sum(v.size) over (rows unbounded preceding) as running, row_number() over () as number
        from (
            select o.*, {key} as key,
                coalesce(octet_length(nullif(o.body, '0'::jsonb)::text), 0) as size
            from {source} o
            where {bounds}
            order by {key} {order}, o.at {order}
            limit %s
        ) as v
    ) as w
    where w.running <= %s or w.number = 1
) as c
where c.rows > 0

-- name: within
o.series_id = s.id and o.at >= s.lower and o.at < s.upper
    and (s.ranges is null or o.at <@ s.ranges::tstzmultirange) and {condition}

-- name: last_n_source
(
    select o.*
    from observation o
    where {within}
    order by {key} desc, o.at desc
    limit %s
)

-- name: lives_in_window
-- Which of the entities have an instance in the window. The order makes the planner take the index: without it,
-- a table of few series is read from its start until one comes that fits.
select c.id
from unnest(%s::text[]) as c (id)
cross join lateral (
    select from series s
    cross join lateral (
        select from observation o where o.series_id = s.id and {condition} order by o.at desc limit 1
    ) as found
    where s.tenant_id = %s and s.entity_id = c.id and {series}
    limit 1
) as lives

-- name: candidates_by_type
select entity_id from entity_type
where tenant_id = %s and type_id = %s and {page}
order by entity_id {order}
limit %s

-- name: candidates_by_former_type
select entity_id from temporal_type
where tenant_id = %s and type_id = %s and {page}
order by entity_id {order}
limit %s

-- name: candidates_by_attribute
select distinct entity_id from series
where tenant_id = %s and attribute_id = %s and {page}
order by entity_id {order}
limit %s

-- name: all_candidates
select distinct entity_id from series
where tenant_id = %s and {page}
order by entity_id {order}
limit %s

-- name: candidates_by_id
select distinct entity_id from series
where tenant_id = %s and entity_id = any(%s) and {page}
order by entity_id {order}
limit %s

-- name: get_former_types
-- What entities were whose types are kept nowhere else.
select s.entity_id, array_agg(distinct t.id)
from series s
cross join lateral unnest(s.types) as t (id)
where s.tenant_id = %s and s.entity_id = any(%s)
group by s.entity_id

-- name: get_ends
-- The last time that the history of each entity knows.
select s.entity_id, max(l.at)
from series s
cross join lateral (
    select o.at from observation o where o.series_id = s.id order by o.at desc limit 1
) as l
where s.tenant_id = %s and s.entity_id = any(%s)
group by s.entity_id

-- name: find_seen_series
-- The same of series of which not all times are seen.
select s.id
from unnest(%s::integer[], %s::timestamptz[]) as s (id, since)
cross join lateral (
    select from observation o
    where o.series_id = s.id and o.at >= s.since and {condition} and {test}
    order by o.at desc
    limit 1
) as found

-- name: find_series
select s.id
from unnest(%s::integer[]) as s (id)
cross join lateral (
    select from observation o where o.series_id = s.id and {condition} and {test} order by o.at desc limit 1
) as found
