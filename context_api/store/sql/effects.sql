-- name: update_live
update entity e
set live = g.live, modified_at = g.modified_at
from unnest(%s::text[], %s::jsonb[], %s::timestamptz[]) as g (id, live, modified_at)
where e.tenant_id = %s and e.id = g.id

-- name: insert_entities
-- They are not there: their ids are locked against creation.
insert into entity
    (tenant_id, id, types, scopes, attributes, fixed, live, removed, bounds, created_at, modified_at, expires_at,
    next_expiry)
select %s, g.id, g.types::integer[], array(select jsonb_array_elements_text(g.scopes)), g.attributes::integer[],
    g.fixed, g.live, g.removed, g.bounds::box, g.created_at, g.modified_at, g.expires_at, g.next_expiry
from unnest(%s::text[], %s::text[], %s::jsonb[], %s::text[], %s::jsonb[], %s::jsonb[], %s::jsonb[], %s::text[],
    %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
    as g (id, types, scopes, attributes, fixed, live, removed, bounds, created_at, modified_at, expires_at, next_expiry)

-- name: update_entities
update entity e
set types = g.types::integer[], scopes = array(select jsonb_array_elements_text(g.scopes)),
    attributes = g.attributes::integer[], fixed = g.fixed, live = g.live, removed = g.removed, bounds = g.bounds::box,
    created_at = g.created_at, modified_at = g.modified_at, expires_at = g.expires_at, next_expiry = g.next_expiry
from unnest(%s::text[], %s::text[], %s::jsonb[], %s::text[], %s::jsonb[], %s::jsonb[], %s::jsonb[], %s::text[],
    %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
    as g (id, types, scopes, attributes, fixed, live, removed, bounds, created_at, modified_at, expires_at, next_expiry)
where e.tenant_id = %s and e.id = g.id

-- name: delete_entities
delete from entity where tenant_id = %s and id = any(%s)

-- name: bury_entities
insert into tombstone (tenant_id, entity_id, deleted_at)
select %s, g.entity_id, g.deleted_at
from unnest(%s::text[], %s::timestamptz[]) as g (entity_id, deleted_at)
on conflict (tenant_id, entity_id) do update set deleted_at = excluded.deleted_at

-- name: delete_tombstones
-- An entity that lives again carries its tombstone in its own row.
delete from tombstone where tenant_id = %s and entity_id = any(%s)

-- name: add_entity_types
insert into entity_type (tenant_id, entity_id, type_id)
select %s, g.entity_id, g.type_id from unnest(%s::text[], %s::integer[]) as g (entity_id, type_id)
on conflict do nothing

-- name: remove_entity_types
delete from entity_type t
using (select %s::integer as tenant_id, * from unnest(%s::text[], %s::integer[])) as g (tenant_id, entity_id, type_id)
where t.tenant_id = g.tenant_id and t.type_id = g.type_id and t.entity_id = g.entity_id

-- name: insert_changes
insert into change (tenant_id, via, seq, day, entity_id, at, trigger, attributes, document)
select %s, nullif(%s, ''), g.seq, g.day, g.entity_id, g.at, g.trigger, g.attributes::integer[], g.document
from unnest(%s::bigint[], %s::date[], %s::text[], %s::timestamptz[], %s::integer[], %s::text[], %s::bytea[])
    as g (seq, day, entity_id, at, trigger, attributes, document)

-- name: copy_changes
copy change (seq, day, tenant_id, at, trigger, via, attributes, entity_id, document) from stdin (format binary)

-- name: insert_outbox
-- The partition is that of the day on which the row is made, whatever day the change has.
insert into outbox (tenant_id, day, subscription_key, entity_id, change_day, change_seq, trigger)
select %s, (statement_timestamp() at time zone 'UTC')::date, g.subscription_key, g.entity_id, g.change_day,
    g.change_seq, g.trigger
from unnest(%s::bigint[], %s::text[], %s::date[], %s::bigint[], %s::integer[])
    as g (subscription_key, entity_id, change_day, change_seq, trigger)

-- name: queue_deliveries
-- The update changes nothing but holds the row until we commit: the notifier cannot remove the queue meanwhile,
-- and what is due stays due when it was.
insert into delivery_queue (subscription_key, entity_id, due_at)
select g.subscription_key, g.entity_id, statement_timestamp()
from unnest(%s::bigint[], %s::text[]) as g (subscription_key, entity_id)
on conflict (subscription_key, entity_id) do update set due_at = delivery_queue.due_at

-- name: count_matched
with locked as (
    select c.subscription_key, g.matched
    from unnest(%s::bigint[], %s::bigint[]) as g (subscription_key, matched)
    join subscription_counter c on c.subscription_key = g.subscription_key
    order by c.subscription_key
    for update of c
)
update subscription_counter c
set matched = c.matched + l.matched
from locked l
where c.subscription_key = l.subscription_key
