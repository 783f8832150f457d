-- name: get_entities
select id, types, scopes, fixed, live, removed, created_at, modified_at, expires_at
from entity
where tenant_id = %s and id = any(%s) and (expires_at is null or expires_at > %s)

-- name: query_entities
select e.id, e.types, e.scopes, e.fixed, e.live, e.removed, e.created_at, e.modified_at, e.expires_at
from entity e
where {where}
order by {order}
limit %s offset %s

-- name: count_entities
select count(*) from entity e where {where}

-- name: has_type
exists (
    select from entity_type t where t.tenant_id = e.tenant_id and t.type_id = any(%s) and t.entity_id = e.id
)

-- name: has_attribute
e.attributes && %s

-- name: get_types
-- Steps from type to type through the index, whatever the number of entities.
with recursive step as (
    (select type_id from entity_type where tenant_id = %s order by type_id limit 1)
    union all
    select (
        select t.type_id from entity_type t where t.tenant_id = %s and t.type_id > step.type_id
        order by t.type_id limit 1
    )
    from step
    where step.type_id is not null
)
select type_id
from step
where type_id is not null and (
    select true
    from entity_type t
    join entity e on e.tenant_id = t.tenant_id and e.id = t.entity_id
    where t.tenant_id = %s and t.type_id = step.type_id and (e.expires_at is null or e.expires_at > %s)
    limit 1
)
