-- Secrets and client certificates of devices, what the broker's files are made from, and who has to be thrown out.

-- name: lock_device
-- One change of a device's credentials at a time.
select kind, gateway_id, owner from device
where tenant_id = %(tenant_id)s and id = %(device_id)s and retired_at is null
for update;

-- name: list_credentials
select id, number, username, prefix, label, created_at, expires_at, last_used_at from device_credential
where tenant_id = %(tenant_id)s and device_id = %(device_id)s and revoked_at is null
    and (expires_at is null or expires_at > now())
order by id;

-- name: insert_credential
insert into device_credential
    (tenant_id, device_id, username, verifier, broker_hash, prefix, number, label)
values (%(tenant_id)s, %(device_id)s, %(username)s, %(verifier)s, %(broker_hash)s, %(prefix)s, %(number)s,
    %(label)s)
returning id, number, username, prefix, label, created_at, expires_at, last_used_at;

-- name: shorten_others
-- An end that was set before is never put off.
update device_credential set expires_at = least(expires_at, now() + %(overlap)s::interval)
where tenant_id = %(tenant_id)s and device_id = %(device_id)s and revoked_at is null and id <> %(id)s;

-- name: revoke_credential
update device_credential set revoked_at = now()
where tenant_id = %(tenant_id)s and device_id = %(device_id)s and id = %(id)s and revoked_at is null
returning id;

-- name: expire_credentials
update device_credential set revoked_at = expires_at
where revoked_at is null and expires_at <= now()
returning id;

-- name: next_expiry
select extract(epoch from min(expires_at) - now())::double precision from device_credential
where revoked_at is null and expires_at is not null;

-- name: mark_used
update device_credential set last_used_at = now()
where id = %(id)s and (last_used_at is null or last_used_at < now() - interval '1 minute');

-- name: find_logins
select c.id, c.username, t.name, d.id, d.kind, d.adapter, d.application, c.verifier,
    extract(epoch from c.expires_at)::bigint,
    c.last_used_at is null or c.last_used_at < now() - interval '1 minute'
from device_credential c
join tenant t on t.id = c.tenant_id
join device d on d.tenant_id = c.tenant_id and d.id = c.device_id
where t.name = %(tenant)s and d.id = %(device_id)s and d.retired_at is null
    and c.revoked_at is null and (c.expires_at is null or c.expires_at > now());

-- name: find_speaker
-- Who may use a user name at all: by a secret, or by a certificate.
select t.name, d.id, d.kind, d.adapter, d.application
from device d join tenant t on t.id = d.tenant_id
where d.retired_at is null and exists (
    select from device_credential c
    where c.username = %(username)s and c.tenant_id = d.tenant_id and c.device_id = d.id
        and c.revoked_at is null and (c.expires_at is null or c.expires_at > now())
    union all
    select from device_certificate c
    where c.username = %(username)s and c.tenant_id = d.tenant_id and c.device_id = d.id
        and c.revoked_at is null and c.not_after > now()
)
    and t.name = %(tenant)s and d.id = %(device_id)s;

-- name: list_broker_hashes
-- The newest valid secret of each user name.
select distinct on (username) username, broker_hash from device_credential
where revoked_at is null and (expires_at is null or expires_at > now())
order by username, id desc;

-- name: list_gateway_users
-- Every user name of every gateway; the first of them also where only a certificate carries it.
select distinct u.username, g.adapter, g.application
from device g
join tenant t on t.id = g.tenant_id
cross join lateral (
    select t.name || '/' || g.id as username
    union all
    select c.username from device_credential c
    where c.tenant_id = g.tenant_id and c.device_id = g.id and c.revoked_at is null
) u
where g.application is not null and g.retired_at is null
order by 1;

-- name: list_kicks
-- The newest first: somebody waits for it.
select 'secret', id::text, username, revoked_at from device_credential
where revoked_at is not null and kicked_at is null
union all
select 'certificate', serial, username, revoked_at from device_certificate
where revoked_at is not null and kicked_at is null
order by 4 desc
limit %(limit)s;

-- name: mark_secrets_kicked
update device_credential set kicked_at = now() where id = any(%(keys)s::text[]::bigint[]);

-- name: mark_certificates_kicked
update device_certificate set kicked_at = now() where serial = any(%(keys)s::text[]);

-- name: get_authority
select certificate, sealed_key from broker_authority;

-- name: insert_authority
insert into broker_authority (certificate, sealed_key) values (%(certificate)s, %(sealed_key)s)
on conflict do nothing;

-- name: insert_certificate
insert into device_certificate
    (serial, tenant_id, device_id, username, fingerprint, label, not_before, not_after)
values (%(serial)s, %(tenant_id)s, %(device_id)s, %(username)s, %(fingerprint)s, %(label)s, %(not_before)s,
    %(not_after)s)
returning serial, username, fingerprint, label, not_before, not_after, created_at;

-- name: list_certificates
select serial, username, fingerprint, label, not_before, not_after, created_at from device_certificate
where tenant_id = %(tenant_id)s and device_id = %(device_id)s and revoked_at is null and not_after > now()
order by created_at, serial;

-- name: find_certificates
select c.serial, c.username, c.fingerprint, c.label, c.not_before, c.not_after, c.created_at
from device_certificate c
join tenant t on t.id = c.tenant_id
join device d on d.tenant_id = c.tenant_id and d.id = c.device_id
where t.name = %(tenant)s and d.id = %(device_id)s and d.retired_at is null and c.username = %(username)s
    and c.revoked_at is null and c.not_after > now();

-- name: revoke_certificate
update device_certificate set revoked_at = now()
where tenant_id = %(tenant_id)s and device_id = %(device_id)s and serial = %(serial)s and revoked_at is null
returning serial;

-- name: list_revoked
-- A certificate that has ended needs no place in the list.
select serial, revoked_at from device_certificate where revoked_at is not null and not_after > now()
order by serial;

-- name: bump_generation
-- Last statement of a transaction: its row lock makes the others wait until the commit.
with bumped as (update broker_generation set generation = generation + 1 returning generation)
select generation, pg_notify('machi_credentials', generation::text) from bumped;

-- name: get_generation
select generation, applied from broker_generation;
