-- name: make_stage
create temporary table if not exists backfill_stage (
    position integer not null,
    series_id integer not null,
    at timestamptz not null,
    value double precision,
    body jsonb
) on commit delete rows

-- name: copy_stage
copy backfill_stage (position, series_id, at, value, body) from stdin (format binary)

-- name: prepare
analyze backfill_stage

-- name: load
-- In the order of the chunks, so that each is opened once.
insert into observation (series_id, at, has_observed_at, value, body, recorded_at)
select series_id, at, true, value, body, %s
from backfill_stage
order by date_bin('7 days', at, timestamptz '2000-01-03 00:00:00Z'), series_id, at, position
on conflict (series_id, at) do nothing

-- name: find_other
-- Those that stand there with another content: of before, or of an earlier row of this load. The bounds, though
-- implied, keep the planner from reading all of history.
select s.position
from backfill_stage s
join observation o on o.series_id = s.series_id and o.at = s.at
where o.series_id = any(%s) and o.at between %s and %s
    and (
        (o.value, o.body::text, o.has_observed_at) is distinct from (s.value, s.body::text, true)
        or o.deleted_at is not null
    )
order by s.position

-- name: keep_heads
-- Of entities that are known by their history only.
insert into temporal_entity (tenant_id, id, types, created_at, modified_at)
select %(tenant)s, g.id, g.types::integer[], %(now)s, %(now)s
from unnest(%(ids)s::text[], %(types)s::text[]) as g (id, types)
where not exists (select from entity e where e.tenant_id = %(tenant)s and e.id = g.id)
on conflict (tenant_id, id) do nothing

-- name: keep_types
insert into temporal_type (tenant_id, entity_id, type_id)
select t.tenant_id, t.id, unnest(t.types)
from temporal_entity t
where t.tenant_id = %(tenant)s and t.id = any(%(ids)s)
on conflict do nothing
