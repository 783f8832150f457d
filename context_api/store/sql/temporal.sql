-- name: get_head
-- The entity as it is or, after its deletion, when that was.
select coalesce(e.types, '{}'), coalesce(e.scopes, '{}'), e.created_at, e.modified_at, t.deleted_at
from (select %s::integer as tenant_id, %s::text as id) as g
left join entity e on e.tenant_id = g.tenant_id and e.id = g.id
left join tombstone t on t.tenant_id = g.tenant_id and t.entity_id = g.id
where e.id is not null or t.entity_id is not null

-- name: get_series
select id, attribute_id, dataset_id, kind, unit_code, types
from series
where tenant_id = %s and entity_id = %s
order by id

-- name: get_observations
select w.series_id, w.at, w.has_observed_at, w.value, w.body, w.recorded_at, w.modified_at, w.deleted_at
from unnest(%s::integer[]) as s (id)
cross join lateral (
    select o.*
    from observation o
    where o.series_id = s.id and {condition}
    order by {time} {order}
    limit %s
) w
