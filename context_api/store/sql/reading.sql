-- name: get_entities
select id, types, scopes, fixed, live, removed, created_at, modified_at, expires_at
from entity
where tenant_id = %s and id = any(%s) and (expires_at is null or expires_at > %s)

-- name: query_entities
-- Documents until they are above so many bytes together, the first and the last in any case; of those between only
-- that they are there. The window takes the rows as they come: in the order of the page.
select id, types, scopes,
    case when number in (1, %s) or octets <= %s then fixed end, case when number in (1, %s) or octets <= %s then live end,
    null::jsonb, created_at, modified_at, expires_at, octets
from (
    select page.*,
        row_number() over () as number,
        sum(pg_column_size(fixed || '{}') + pg_column_size(live || '{}')) over (rows unbounded preceding) as octets
    from (
        select e.id, e.types, e.scopes, e.fixed, e.live, e.created_at, e.modified_at, e.expires_at
        from entity e
        where {where}
        order by {order}
        limit %s offset %s
    ) as page
) as measured

-- name: query_ids
select e.id from entity e where {where} order by {order} limit %s

-- name: count_entities
select count(*) from entity e where {where}

-- name: count_of_type
-- By the side table, which need not be joined: of what has expired there is never much, and an index finds it.
select (select count(*) from entity_type where tenant_id = %s and type_id = %s) - (
    select count(*)
    from entity e
    where e.tenant_id = %s and e.next_expiry <= %s and e.expires_at <= %s and e.types @> array[%s::integer]
)

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
    where t.tenant_id = %s and t.type_id = step.type_id and (e.expires_at is null or e.expires_at > %s){granted}
    limit 1
)
