-- Devices, credentials and the broker's generation.

-- name: known_devices
-- A device as `Device` has it. The statements below read it as `known`.
select t.name as tenant, d.tenant_id, d.id, d.kind, d.profile, d.adapter, d.entity_id, d.name, d.location, d.static,
    d.expected_interval_s, d.application, d.gateway_id, d.gateway_device, d.created_at, d.modified_at, d.retired_at,
    d.owner, d.tags, d.serial, d.notes, d.installed_at, d.codec_parameters, d.messages_per_minute, d.state,
    d.state_since, d.state_reason, d.revision, c.last_seen
from device d
join tenant t on t.id = d.tenant_id
left join device_counter c on c.tenant_id = d.tenant_id and c.device_id = d.id;

-- name: get_devices
select known.* from known where tenant_id = %(tenant_id)s and id = any(%(ids)s::text[]);

-- name: find_foreign
-- What a device of this owner would write to, and may not: an entity, or its history, that is there already and
-- belongs to no device of the owner, or to a device of somebody else.
select given.device, given.entity
from unnest(%(devices)s::text[], %(entities)s::text[]) as given (device, entity)
cross join lateral (
    select coalesce(bool_or(d.owner = %(owner)s), false) as is_own,
        coalesce(bool_or(d.owner is distinct from %(owner)s), false) as is_foreign
    from device d
    where d.tenant_id = %(tenant_id)s
        and (d.entity_id = given.entity or given.entity = 'urn:ngsi-ld:Device:' || d.id)
) held
where held.is_foreign or (not held.is_own and (
    exists (select from entity e where e.tenant_id = %(tenant_id)s and e.id = given.entity)
    or exists (select from series s where s.tenant_id = %(tenant_id)s and s.entity_id = given.entity)
    or exists (select from temporal_entity t where t.tenant_id = %(tenant_id)s and t.id = given.entity)))
limit 1;

-- name: find_direct_devices
-- Devices that speak for themselves, by tenant name and id.
select known.*
from unnest(%(tenants)s::text[], %(devices)s::text[]) as wanted (tenant, device)
join known on known.tenant = wanted.tenant and known.id = wanted.device
where known.kind = 0 and known.gateway_id is null and known.retired_at is null;

-- name: find_gateway_devices
-- Devices behind gateways, by the gateway's application and its name for the device.
select g.application, known.*
from unnest(%(applications)s::text[], %(devices)s::text[]) as wanted (application, device)
join device g on g.application = wanted.application and g.retired_at is null
join known on known.tenant_id = g.tenant_id and known.gateway_id = g.id and known.gateway_device = wanted.device
where known.retired_at is null;

-- name: insert_credential
insert into device_credential (tenant_id, device_id, username, verifier, broker_hash, prefix)
values (%(tenant_id)s, %(device_id)s, %(username)s, %(verifier)s, %(broker_hash)s, %(prefix)s);

-- name: revoke_credentials
update device_credential set revoked_at = now()
where tenant_id = %(tenant_id)s and device_id = %(device_id)s and revoked_at is null;

-- name: revoke_certificates
update device_certificate set revoked_at = now()
where tenant_id = %(tenant_id)s and device_id = %(device_id)s and revoked_at is null;

-- name: bump_generation
-- Last statement of a transaction: its row lock makes the others wait until the commit.
with bumped as (update broker_generation set generation = generation + 1 returning generation)
select generation, pg_notify('machi_credentials', generation::text) from bumped;

-- name: get_generation
select generation, applied from broker_generation;

-- name: mark_applied
update broker_generation set applied = %(generation)s, applied_at = now() where applied <> %(generation)s;

-- name: find_tenants
select name, id from tenant where name = any(%(names)s::text[]);

-- name: find_applications
select g.application, t.name, t.id, g.id, g.adapter from device g join tenant t on t.id = g.tenant_id
where g.application = any(%(applications)s::text[]) and g.retired_at is null;
