-- Writing devices. Rows travel as one JSON array, so that ten thousand devices are a few statements.

-- name: keep_hardware_of_retired
-- What was in place until the retirement of devices that are to be registered again.
insert into device_hardware (tenant_id, device_id, number, serial, installed_at, removed_at, reason, principal)
select d.tenant_id, d.id, d.changes + 1, d.serial, coalesce(d.installed_at, d.created_at), d.retired_at, 'retired',
    %(principal)s
from device d
where d.tenant_id = %(tenant_id)s and d.id = any(%(ids)s::text[]) and d.retired_at is not null
    and (%(devices_of)s::text is null or d.owner = %(devices_of)s)
on conflict do nothing;

-- name: insert_devices
-- A retired id may be taken again: the row is written anew, the time of creation stays. Ids that are taken are left
-- out. In the order of the ids: no deadlocks.
insert into device (tenant_id, id, kind, profile, adapter, entity_id, name, location, static, expected_interval_s,
    application, gateway_id, gateway_device, owner, tags, serial, notes, installed_at, codec_parameters,
    messages_per_minute, changes)
select %(tenant_id)s, id, kind, profile, adapter, entity_id, name, location, static, expected_interval_s,
    application, gateway, gateway_device, owner, tags, serial, notes, installed_at, codec_parameters,
    messages_per_minute, 1
from jsonb_to_recordset(%(rows)s) as given (id text, kind smallint, profile text, adapter text, entity_id text,
    name text, location jsonb, static jsonb, expected_interval_s double precision, application text, gateway text,
    gateway_device text, owner text, tags text[], serial text, notes text, installed_at timestamptz,
    codec_parameters jsonb, messages_per_minute integer)
order by id
on conflict (tenant_id, id) do update set
    kind = excluded.kind, profile = excluded.profile, adapter = excluded.adapter, entity_id = excluded.entity_id,
    name = excluded.name, location = excluded.location, static = excluded.static,
    expected_interval_s = excluded.expected_interval_s, application = excluded.application,
    gateway_id = excluded.gateway_id, gateway_device = excluded.gateway_device, owner = excluded.owner,
    tags = excluded.tags, serial = excluded.serial, notes = excluded.notes, installed_at = excluded.installed_at,
    codec_parameters = excluded.codec_parameters, messages_per_minute = excluded.messages_per_minute,
    modified_at = now(), retired_at = null, state = 'provisioned', state_since = now(), state_reason = null,
    revision = device.revision + 1, changes = device.changes + 1
where device.retired_at is not null and (%(devices_of)s::text is null or device.owner = %(devices_of)s)
returning id;

-- name: update_device
-- Nothing where somebody else was faster (another revision) or the device is retired.
update device d set
    profile = given.profile, adapter = given.adapter, entity_id = given.entity_id, name = given.name,
    location = given.location, static = given.static, expected_interval_s = given.expected_interval_s,
    application = given.application, gateway_id = given.gateway, gateway_device = given.gateway_device,
    owner = given.owner, tags = given.tags, serial = given.serial, notes = given.notes,
    installed_at = given.installed_at, codec_parameters = given.codec_parameters,
    messages_per_minute = given.messages_per_minute,
    modified_at = now(), revision = d.revision + 1, changes = d.changes + 1
from jsonb_to_recordset(%(rows)s) as given (id text, profile text, adapter text, entity_id text, name text,
    location jsonb, static jsonb, expected_interval_s double precision, application text, gateway text,
    gateway_device text, owner text, tags text[], serial text, notes text, installed_at timestamptz,
    codec_parameters jsonb, messages_per_minute integer)
where d.tenant_id = %(tenant_id)s and d.id = given.id and d.revision = %(revision)s and d.retired_at is null
returning d.id;

-- name: retire_device
update device d
set retired_at = now(), modified_at = now(), state = 'retired', state_since = now(), state_reason = null,
    revision = d.revision + 1, changes = d.changes + 1
from (
    select id, state from device where tenant_id = %(tenant_id)s and id = %(id)s and retired_at is null
    for no key update
) former
where d.tenant_id = %(tenant_id)s and d.id = former.id
returning former.state;

-- name: note_changes
-- The oldest make way.
with noted as (
    insert into device_change (tenant_id, device_id, number, principal, action, before, after, reason)
    select d.tenant_id, d.id, d.changes, %(principal)s, %(action)s, given.before, given.after, given.reason
    from jsonb_to_recordset(%(rows)s) as given (id text, before jsonb, after jsonb, reason text)
    join device d on d.tenant_id = %(tenant_id)s and d.id = given.id
    returning device_id, number
)
delete from device_change c using noted n
where c.tenant_id = %(tenant_id)s and c.device_id = n.device_id and c.number <= n.number - %(kept)s;

-- name: keep_hardware
-- What was in place until now.
insert into device_hardware (tenant_id, device_id, number, serial, installed_at, removed_at, reason, principal)
select d.tenant_id, d.id, d.changes + 1, d.serial, coalesce(d.installed_at, d.created_at), now(), %(reason)s, %(principal)s
from device d
where d.tenant_id = %(tenant_id)s and d.id = %(id)s;

-- name: find_taken_names
-- Devices that have a name at a gateway, or an application, that others are to have.
select given.id, d.id, d.application is not null
from jsonb_to_recordset(%(rows)s) as given (id text, application text, gateway text, gateway_device text)
join device d on d.retired_at is null and (d.tenant_id <> %(tenant_id)s or d.id <> given.id) and (
    d.application = given.application
    or (d.tenant_id = %(tenant_id)s and d.gateway_id = given.gateway and d.gateway_device = given.gateway_device))
order by given.id
limit 1;

-- name: notify_devices
select pg_notify('machi_device', payload) from unnest(%(payloads)s::text[]) as payload;
