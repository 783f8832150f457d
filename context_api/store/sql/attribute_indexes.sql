-- name: lock_declarations
select pg_advisory_xact_lock(%s)

-- name: count_indexes
select count(*) filter (where tenant_id = %s), count(*) from attribute_index

-- name: find_live_types
-- Types of whose entities one has, or had, the attribute with observedAt.
select type_id from live_attribute
where tenant_id = %s and attribute_id = %s and (type_id = %s or %s::integer is null)
order by type_id
limit 1

-- name: find_kinds
select distinct kind from type_attribute
where tenant_id = %s and attribute_id = %s and (type_id = %s or %s::integer is null)

-- name: create_index
insert into attribute_index (tenant_id, attribute_id, type_id) values (%s, %s, %s)
on conflict do nothing
returning id

-- name: delete_index
delete from attribute_index where tenant_id = %s and id = %s returning id

-- name: get_indexes
-- Those of a tenant, or one of them; sizes and uses are the server's own counts.
select i.id, i.attribute_id, i.type_id, i.state, i.reason, i.created_at, i.ready_at,
    l.type_id,
    coalesce(sum(pg_relation_size(c.oid)), 0)::bigint,
    coalesce(sum(pg_stat_get_numscans(c.oid)), 0)::bigint,
    max(case when p.blocks_total > 0 then p.blocks_done::float8 / p.blocks_total end)
from attribute_index i
left join lateral (
    select type_id from live_attribute v
    where v.tenant_id = i.tenant_id and v.attribute_id = i.attribute_id and (i.type_id is null or v.type_id = i.type_id)
    order by v.type_id
    limit 1
) l on true
left join pg_class c on c.relkind = 'i' and c.relnamespace = 'machi'::regnamespace
    and c.relname in (format('entity_attribute_%%s_key', i.id), format('entity_attribute_%%s_keys', i.id))
left join pg_stat_progress_create_index p on p.index_relid = c.oid
where i.tenant_id = %s and (i.id = %s or %s::integer is null)
group by i.id, l.type_id
order by i.id

-- name: get_usable
-- Those of a tenant, or of all; of two on one attribute the one of fewer entities comes last.
select i.tenant_id, i.attribute_id, i.type_id
from attribute_index i
where i.state = 'ready' and (i.tenant_id = %s or %s::integer is null) and not exists (
    select from live_attribute v
    where v.tenant_id = i.tenant_id and v.attribute_id = i.attribute_id and (i.type_id is null or v.type_id = i.type_id)
)
order by i.type_id nulls first

-- name: try_lock_builder
select pg_try_advisory_lock(%s)

-- name: unlock_builder
select pg_advisory_unlock(%s)

-- name: get_physical
-- The indexes of ours that are there, with the declaration to which each belongs, and whether it is whole.
select c.relname, substring(c.relname from '^entity_attribute_(\d+)_keys?$')::integer, x.indisvalid and x.indisready
from pg_index x
join pg_class c on c.oid = x.indexrelid
where x.indrelid = 'machi.entity'::regclass and c.relname ~ '^entity_attribute_\d+_keys?$'

-- name: get_declared
select id, tenant_id, attribute_id, type_id, state, retry_at is null or retry_at <= now()
from attribute_index
order by id

-- name: set_state
update attribute_index
set state = %s, reason = %s, ready_at = case when %s = 'ready' then now() end,
    retry_at = case when %s = 'failed' then now() + make_interval(secs => %s) end
where id = %s

-- name: record_living
-- Looks for itself, in case an older version of the program wrote entities without noting it.
insert into live_attribute (tenant_id, attribute_id, type_id)
select distinct e.tenant_id, %s::integer, type_id
from entity e
cross join unnest(e.types) as type_id
where e.tenant_id = %s and e.live ? %s
on conflict do nothing

-- name: record_live
insert into live_attribute (tenant_id, type_id, attribute_id)
select %s, g.type_id, g.attribute_id from unnest(%s::integer[], %s::integer[]) as g (type_id, attribute_id)
on conflict do nothing
