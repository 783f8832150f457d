-- The states of devices.

-- name: get_tenant
select name from tenant where id = %(tenant_id)s;

-- name: find_changing
-- Which of the devices are in another state; nothing is locked.
select d.id
from unnest(%(ids)s::text[], %(states)s::text[]) as w (id, state)
join device d on d.tenant_id = %(tenant_id)s and d.id = w.id
where d.state not in (w.state, 'retired')
order by d.id;

-- name: set_states
-- A retired device stays so; one that is in the state already has no change. Locked in order: no deadlocks.
with wanted as (
    select d.id, d.state as former, w.state
    from unnest(%(ids)s::text[], %(states)s::text[]) as w (id, state)
    join device d on d.tenant_id = %(tenant_id)s and d.id = w.id
    where d.state not in (w.state, 'retired')
    order by d.id
    for no key update of d
), changed as (
    update device d
    set state = w.state, state_since = now(), state_reason = %(reason)s, changes = d.changes + 1
    from wanted w
    where d.tenant_id = %(tenant_id)s and d.id = w.id
    returning d.id, w.former, d.state, d.state_since, d.changes
), noted as (
    insert into device_change (tenant_id, device_id, number, principal, action, before, after, reason)
    select %(tenant_id)s, id, changes, %(principal)s, 'state', jsonb_build_object('state', former),
        jsonb_build_object('state', state), %(reason)s
    from changed
), trimmed as (
    delete from device_change c using changed d
    where c.tenant_id = %(tenant_id)s and c.device_id = d.id and c.number <= d.changes - %(kept)s
)
select id, former, state, state_since from changed;

-- name: find_first_heard
-- Devices that were registered and have spoken since.
select d.tenant_id, d.id
from device d
join device_counter c on c.tenant_id = d.tenant_id and c.device_id = d.id
where d.state = 'provisioned' and c.last_seen >= d.state_since
order by d.tenant_id, d.id
limit %(limit)s;
