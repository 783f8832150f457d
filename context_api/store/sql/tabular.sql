-- Reads for tables. `{source}`, `{window}`, … are filled in by tabular.py from literals that it makes itself, because
-- COPY takes no parameters.

-- name: find_names
-- Terms by their IRI or by what follows its last # or /.
select id, iri from term where iri = any(%(names)s) or regexp_replace(iri, '^.*[#/]', '') = any(%(names)s)

-- name: find_types
-- Which types the tenant has a history of: for the message that a name is not one of them.
select distinct t.iri
from (select distinct unnest(types) as id from series where tenant_id = %s) s
join term t on t.id = s.id
order by t.iri
limit 20

-- name: find_series
select s.id, s.entity_id, a.iri, s.dataset_id, s.kind, s.unit_code, t.iri
from series s
join term a on a.id = s.attribute_id
left join term t on t.id = s.types[1]
where s.tenant_id = %(tenant_id)s
    and (%(ids)s::text[] is null or s.entity_id = any(%(ids)s::text[]))
    and (%(attributes)s::integer[] is null or s.attribute_id = any(%(attributes)s::integer[]))
    and (
        %(types)s::integer[] is null
        or s.types && %(types)s::integer[]
        or s.entity_id in (
            select e.entity_id from entity_type e
            where e.tenant_id = %(tenant_id)s and e.type_id = any(%(types)s::integer[])
            union
            select h.entity_id from temporal_type h
            where h.tenant_id = %(tenant_id)s and h.type_id = any(%(types)s::integer[])
        )
    )
limit %(limit)s

-- name: find_next_series
-- The same page by page, for who does not see all of them.
select s.id, s.entity_id, a.iri, s.dataset_id, s.kind, s.unit_code, t.iri
from series s
join term a on a.id = s.attribute_id
left join term t on t.id = s.types[1]
where s.tenant_id = %(tenant_id)s
    and s.id > %(after)s
    and (%(ids)s::text[] is null or s.entity_id = any(%(ids)s::text[]))
    and (%(attributes)s::integer[] is null or s.attribute_id = any(%(attributes)s::integer[]))
    and (
        %(types)s::integer[] is null
        or s.types && %(types)s::integer[]
        or s.entity_id in (
            select e.entity_id from entity_type e
            where e.tenant_id = %(tenant_id)s and e.type_id = any(%(types)s::integer[])
            union
            select h.entity_id from temporal_type h
            where h.tenant_id = %(tenant_id)s and h.type_id = any(%(types)s::integer[])
        )
    )
order by s.id
limit %(limit)s

-- name: find_known_ids
select distinct entity_id from series where tenant_id = %s and entity_id = any(%s)

-- name: get_extent
-- The first and the newest value of each series.
select g.id, f.at, l.at, l.has_observed_at, l.is_number
from unnest(%s::integer[]) as g (id)
cross join lateral (
    select o.at from observation o where o.series_id = g.id and o.deleted_at is null order by o.at limit 1
) f
cross join lateral (
    select o.at, o.has_observed_at,
        o.value is not null or coalesce(jsonb_typeof(o.body -> 'v') = 'number', false) as is_number
    from observation o
    where o.series_id = g.id and o.deleted_at is null
    order by o.at desc
    limit 1
) l

-- name: get_seen_extent
-- The same from a time on (null: of all times).
select g.id, f.at, l.at, l.has_observed_at, l.is_number
from unnest(%s::integer[], %s::timestamptz[]) as g (id, since)
cross join lateral (
    select o.at from observation o
    where o.series_id = g.id and o.deleted_at is null and o.at >= coalesce(g.since, '-infinity')
    order by o.at limit 1
) f
cross join lateral (
    select o.at, o.has_observed_at,
        o.value is not null or coalesce(jsonb_typeof(o.body -> 'v') = 'number', false) as is_number
    from observation o
    where o.series_id = g.id and o.deleted_at is null and o.at >= coalesce(g.since, '-infinity')
    order by o.at desc
    limit 1
) l

-- name: get_seen_places
-- Names and places of entities as they are now, by attributes that are seen.
select e.id,
    (
        select i.value -> 0 -> 'v' from jsonb_each(e.fixed || e.live) i
        where i.key = any(%(names)s::text[]) limit 1
    ),
    (
        select i.value -> 0 -> 'v' from jsonb_each(e.fixed || e.live) i
        where i.key = any(%(places)s::text[]) limit 1
    )
from entity e
where e.tenant_id = %(tenant_id)s and e.id = any(%(ids)s::text[])

-- name: get_places
-- Names and places of entities as they are now, else those their devices were registered with.
select g.id,
    coalesce(
        (
            select i.value -> 0 -> 'v' from jsonb_each(e.fixed || e.live) i
            where i.key = any(%(names)s::text[]) limit 1
        ),
        to_jsonb(d.name)
    ),
    coalesce(
        (
            select i.value -> 0 -> 'v' from jsonb_each(e.fixed || e.live) i
            where i.key = any(%(places)s::text[]) limit 1
        ),
        d.location
    )
from unnest(%(ids)s::text[]) as g (id)
left join entity e on e.tenant_id = %(tenant_id)s and e.id = g.id
left join (
    select distinct on (entity_id) entity_id, name, location
    from device
    where tenant_id = %(tenant_id)s and entity_id = any(%(ids)s::text[])
    order by entity_id, retired_at nulls first
) d on d.entity_id = g.id

-- name: get_version
-- When the snapshot was taken.
select now()

-- name: count_corrections
select count(*)
from observation_superseded s
where s.series_id = any(%s) and s.at >= %s and s.at < %s and s.superseded_at <= %s and s.reason = 'corrected'

-- name: count_rows
select count(*) from (select from observation o where {window} limit {limit}) w

-- name: next_at
select min(n.at)
from unnest({ids}) as g (id)
cross join lateral (
    select o.at from observation o where o.series_id = g.id and o.at >= {start} order by o.at limit 1
) n

-- name: now_rows
select o.series_id, o.at, o.value, o.body from observation o where {window} and o.deleted_at is null

-- name: then_rows
-- What stood at a time: rows written until then, and the versions that were superseded since. A superseded deletion
-- has no value, and is told by the reason of its successor.
select o.series_id, o.at, o.value, o.body
from observation o
where {window} and o.deleted_at is null and coalesce(o.modified_at, o.recorded_at) <= {as_of}
union all
select o.series_id, o.at, o.value, o.body
from observation_superseded o
where {window} and o.recorded_at <= {as_of} and o.superseded_at > {as_of} and o.reason <> 'written anew'

-- name: get_rows
select o.at, g.rank::integer, o.value, o.body
from unnest({ids}) with ordinality as g (id, rank)
join ({source}) o on o.series_id = g.id
order by o.at, g.rank

-- name: copy_lines
-- All lines of a slice as one text. The key is one number, since sorting by (at, rank) costs three times as much where
-- many series share their times: microseconds since the slice began, and the rank in the last 13 bits.
select string_agg(
    {time} || g.head || {value} || {unit} || E'\r\n', ''
    order by (date_part('epoch', o.at - {start}) * 1e6)::bigint * 8192 + g.rank
)
from unnest({ids}, {heads}, {tails}) with ordinality as g (id, head, tail, rank)
join ({source}) o on o.series_id = g.id

-- name: copy_each_line
-- The same where values may be long texts or documents, which one text could not hold: a line per row.
select {time} || g.head || {value} || {unit} || E'\r\n'
from unnest({ids}, {heads}, {tails}) with ordinality as g (id, head, tail, rank)
join ({source}) o on o.series_id = g.id
order by o.at, g.rank

-- name: then_buckets
-- Aggregates of what stood at a time, from the rows themselves. A number is what aggregates.sql counts as one.
select o.series_id, width_bucket(o.at, {edges}) - 1 as bucket,
    case when o.unit is null then s.unit_code else o.unit #>> '{}' end,
    count(o.number), sum(o.number), min(o.number), max(o.number), stddev_pop(o.number),
    (array_agg(o.number order by o.at) filter (where o.number is not null))[1],
    (array_agg(o.number order by o.at desc) filter (where o.number is not null))[1]
from (select o.series_id, o.at, o.body -> 'u' as unit, {number} as number from ({source}) o) o
join series s on s.id = o.series_id
group by 1, 2, 3
