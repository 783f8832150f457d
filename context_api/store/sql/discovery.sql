-- name: get_attributes
-- Each attribute that was ever recorded is looked for, type by type, until the first living entity that has it. Not
-- by the index on attributes, which gives all entities that have one before the first.
select distinct p.attribute_id
from type_attribute p
where p.tenant_id = %s and (
    select true
    from entity_type t
    join entity e on e.tenant_id = t.tenant_id and e.id = t.entity_id
    where t.tenant_id = p.tenant_id and t.type_id = p.type_id and p.attribute_id = any(e.attributes)
        and (e.expires_at is null or e.expires_at > %s){granted}
    limit 1
)

-- name: get_pairs
-- Each recorded pair is looked for until the first entity that has it: a scalar subquery with a limit, since an
-- EXISTS may be planned as a join over all entities.
select distinct p.type_id, p.attribute_id
from type_attribute p
where p.tenant_id = %s and (
    select true
    from entity_type t
    join entity e on e.tenant_id = t.tenant_id and e.id = t.entity_id
    where t.tenant_id = p.tenant_id and t.type_id = p.type_id and p.attribute_id = any(e.attributes)
        and (e.expires_at is null or e.expires_at > %s){granted}
    limit 1
)

-- name: get_kinds
-- As above, for what is recorded of one type or of one attribute. Documents are opened only where a pair was
-- seen with several kinds, to tell which of them are there still.
select p.type_id, p.attribute_id, p.kind
from type_attribute p
where p.tenant_id = %s and {chosen} and (
    select true
    from entity_type t
    join entity e on e.tenant_id = t.tenant_id and e.id = t.entity_id
    where t.tenant_id = p.tenant_id and t.type_id = p.type_id and p.attribute_id = any(e.attributes)
        and (e.expires_at is null or e.expires_at > %s){granted}
        and (
            not exists (
                select from type_attribute o
                where o.tenant_id = p.tenant_id and o.type_id = p.type_id and o.attribute_id = p.attribute_id
                    and o.kind <> p.kind
            )
            or exists (
                select
                from jsonb_array_elements(coalesce(e.live -> p.attribute_id::text, e.fixed -> p.attribute_id::text)) i
                where coalesce((i ->> 'k')::smallint, 0) = p.kind
            )
        )
    limit 1
)

-- name: count_entities_of_type
-- What has expired is found by the index on the next expiry, which is never later.
select (select count(*) from entity_type where tenant_id = %s and type_id = %s) - (
    select count(*)
    from entity e
    where e.types @> array[%s::integer] and e.tenant_id = %s and e.expires_at <= %s and e.next_expiry <= %s
)

-- name: count_granted_of_type
select count(*)
from entity_type t
join entity e on e.tenant_id = t.tenant_id and e.id = t.entity_id
where t.tenant_id = %s and t.type_id = %s and (e.expires_at is null or e.expires_at > %s){granted}

-- name: get_candidates
-- Entities that may be in sight, in the order of their ids.
select e.id, e.types, e.scopes, e.fixed, e.live, null::jsonb, e.created_at, e.modified_at, e.expires_at
from entity e
where e.tenant_id = %s and e.id > %s and (e.expires_at is null or e.expires_at > %s){granted}
order by e.id
limit %s

-- name: count_instances
-- An attribute may have several instances in one entity, told apart by datasetId.
select coalesce(sum(jsonb_array_length(coalesce(e.live -> %s, e.fixed -> %s))), 0)
from entity e
where e.tenant_id = %s and e.attributes @> array[%s::integer] and (e.expires_at is null or e.expires_at > %s){granted}

-- name: record_kinds
insert into type_attribute (tenant_id, type_id, attribute_id, kind)
select %s, g.type_id, g.attribute_id, g.kind
from unnest(%s::integer[], %s::integer[], %s::integer[]) as g (type_id, attribute_id, kind)
on conflict do nothing
