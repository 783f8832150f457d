-- The states of devices.

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
    returning d.id, w.former, d.state, d.changes
), noted as (
    insert into device_change (tenant_id, device_id, number, principal, action, before, after, reason)
    select %(tenant_id)s, id, changes, %(principal)s, 'state', jsonb_build_object('state', former),
        jsonb_build_object('state', state), %(reason)s
    from changed
), trimmed as (
    delete from device_change c using changed d
    where c.tenant_id = %(tenant_id)s and c.device_id = d.id and c.number <= d.changes - %(kept)s
)
select id, former from changed;
