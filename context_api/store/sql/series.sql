-- name: get_series
select entity_id, attribute_id, dataset_id, id, kind, unit_code
from series
where tenant_id = %s and entity_id = any(%s)

-- name: create_series
insert into series (tenant_id, entity_id, attribute_id, dataset_id, kind, unit_code, types)
select %s, g.entity_id, g.attribute_id, g.dataset_id, g.kind, g.unit_code, g.types::integer[]
from unnest(%s::text[], %s::integer[], %s::text[], %s::integer[], %s::text[], %s::text[])
    as g (entity_id, attribute_id, dataset_id, kind, unit_code, types)
on conflict (tenant_id, entity_id, attribute_id, dataset_id) do nothing
returning entity_id, attribute_id, dataset_id, id, kind, unit_code
