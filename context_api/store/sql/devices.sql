-- Devices, credentials and the broker's generation. The columns of a device are the same everywhere, in one order.

-- name: insert_device
-- A retired id may be taken again: the row is written anew, the time of creation stays.
insert into device (tenant_id, id, kind, profile, adapter, entity_id, name, location, static, expected_interval_s,
    application, gateway_id, gateway_device)
values (%(tenant_id)s, %(id)s, %(kind)s, %(profile)s, %(adapter)s, %(entity_id)s, %(name)s, %(location)s,
    %(static)s, %(expected_interval_s)s, %(application)s, %(gateway)s, %(gateway_device)s)
on conflict (tenant_id, id) do update set
    kind = excluded.kind, profile = excluded.profile, adapter = excluded.adapter, entity_id = excluded.entity_id,
    name = excluded.name, location = excluded.location, static = excluded.static,
    expected_interval_s = excluded.expected_interval_s, application = excluded.application,
    gateway_id = excluded.gateway_id, gateway_device = excluded.gateway_device,
    modified_at = now(), retired_at = null, state = 'provisioned', state_since = now(), state_reason = null
where device.retired_at is not null
returning created_at, modified_at;

-- name: insert_credential
insert into device_credential (tenant_id, device_id, username, verifier, broker_hash)
values (%(tenant_id)s, %(device_id)s, %(username)s, %(verifier)s, %(broker_hash)s);

-- name: retire_device
update device
set retired_at = now(), modified_at = now(), state = 'retired', state_since = now(), state_reason = null
where tenant_id = %(tenant_id)s and id = %(id)s and retired_at is null
returning kind;

-- name: revoke_credentials
update device_credential set revoked_at = now()
where tenant_id = %(tenant_id)s and device_id = %(device_id)s and revoked_at is null;

-- name: notify_device
select pg_notify('machi_device', %(payload)s);

-- name: bump_generation
-- Last statement of a transaction: its row lock makes the others wait until the commit.
with bumped as (update broker_generation set generation = generation + 1 returning generation)
select generation, pg_notify('machi_credentials', generation::text) from bumped;

-- name: get_generation
select generation, applied from broker_generation;

-- name: mark_applied
update broker_generation set applied = %(generation)s, applied_at = now() where applied <> %(generation)s;

-- name: get_device
select t.name, d.tenant_id, d.id, d.kind, d.profile, d.adapter, d.entity_id, d.name, d.location, d.static,
    d.expected_interval_s, d.application, d.gateway_id, d.gateway_device, d.created_at, d.modified_at, d.retired_at
from device d join tenant t on t.id = d.tenant_id
where d.tenant_id = %(tenant_id)s and d.id = %(id)s;

-- name: list_devices
select t.name, d.tenant_id, d.id, d.kind, d.profile, d.adapter, d.entity_id, d.name, d.location, d.static,
    d.expected_interval_s, d.application, d.gateway_id, d.gateway_device, d.created_at, d.modified_at, d.retired_at
from device d join tenant t on t.id = d.tenant_id
where d.tenant_id = %(tenant_id)s and d.id > %(after)s
    and (%(kind)s::smallint is null or d.kind = %(kind)s)
    and (%(profile)s::text is null or d.profile = %(profile)s)
    and (%(gateway)s::text is null or d.gateway_id = %(gateway)s)
    and (%(text)s::text is null
        or strpos(lower(d.id), lower(%(text)s)) > 0 or strpos(lower(coalesce(d.name, '')), lower(%(text)s)) > 0)
    and (d.retired_at is not null) = %(retired)s
order by d.id
limit %(limit)s;

-- name: count_devices
select count(*) from device d
where d.tenant_id = %(tenant_id)s
    and (%(kind)s::smallint is null or d.kind = %(kind)s)
    and (%(profile)s::text is null or d.profile = %(profile)s)
    and (%(gateway)s::text is null or d.gateway_id = %(gateway)s)
    and (%(text)s::text is null
        or strpos(lower(d.id), lower(%(text)s)) > 0 or strpos(lower(coalesce(d.name, '')), lower(%(text)s)) > 0)
    and (d.retired_at is not null) = %(retired)s;

-- name: find_direct_devices
-- Devices that speak for themselves, by tenant name and id.
select t.name, d.tenant_id, d.id, d.kind, d.profile, d.adapter, d.entity_id, d.name, d.location, d.static,
    d.expected_interval_s, d.application, d.gateway_id, d.gateway_device, d.created_at, d.modified_at, d.retired_at
from unnest(%(tenants)s::text[], %(devices)s::text[]) as wanted (tenant, device)
join tenant t on t.name = wanted.tenant
join device d on d.tenant_id = t.id and d.id = wanted.device
where d.kind = 0 and d.gateway_id is null and d.retired_at is null;

-- name: find_gateway_devices
-- Devices behind gateways, by the gateway's application and its name for the device.
select g.application,
    t.name, d.tenant_id, d.id, d.kind, d.profile, d.adapter, d.entity_id, d.name, d.location, d.static,
    d.expected_interval_s, d.application, d.gateway_id, d.gateway_device, d.created_at, d.modified_at, d.retired_at
from unnest(%(applications)s::text[], %(devices)s::text[]) as wanted (application, device)
join device g on g.application = wanted.application and g.retired_at is null
join tenant t on t.id = g.tenant_id
join device d on d.tenant_id = g.tenant_id and d.gateway_id = g.id and d.gateway_device = wanted.device
where d.retired_at is null;

-- name: find_tenants
select name, id from tenant where name = any(%(names)s::text[]);

-- name: find_applications
select g.application, t.name, t.id, g.id, g.adapter from device g join tenant t on t.id = g.tenant_id
where g.application = any(%(applications)s::text[]) and g.retired_at is null;

-- name: list_broker_hashes
-- The newest valid credential of each user.
select distinct on (username) username, broker_hash from device_credential where revoked_at is null
order by username, id desc;

-- name: list_gateway_topics
select t.name || '/' || g.id, g.adapter, g.application from device g join tenant t on t.id = g.tenant_id
where g.application is not null and g.retired_at is null
order by 1;

-- name: find_verifiers
select c.tenant_id, t.name, c.device_id, c.verifier from device_credential c join tenant t on t.id = c.tenant_id
where c.username = %(username)s and c.revoked_at is null;
