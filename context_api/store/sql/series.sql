-- name: get_series
select entity_id, attribute_id, dataset_id, id, kind, unit_code
from series
where tenant_id = %s and entity_id = any(%s)

-- name: create_series
-- The numbers were drawn before, so that nobody waits for them. Who writes an entity's series has looked, under the
-- entity's lock, that they are not there.
insert into series (id, tenant_id, entity_id, attribute_id, dataset_id, kind, unit_code, types)
overriding system value
select g.id, %s, g.entity_id, g.attribute_id, g.dataset_id, g.kind, g.unit_code, g.types::integer[]
from unnest(%s::integer[], %s::text[], %s::integer[], %s::text[], %s::integer[], %s::text[], %s::text[])
    as g (id, entity_id, attribute_id, dataset_id, kind, unit_code, types)

-- name: draw_series_ids
select array_agg(nextval(pg_get_serial_sequence('series', 'id'))::integer) from generate_series(1, %s::integer)
