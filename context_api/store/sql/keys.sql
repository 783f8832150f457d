-- Keys of the API.

-- name: select_keys
select k.prefix, k.role, k.label, k.created_at, k.revoked_at, k.expires_at, k.successor, k.last_used_at, k.created_by,
    k.organisation_id, o.name, o.kind, o.every_tenant, o.disabled_at,
    array(
        select t.name from organisation_tenant b join tenant t on t.id = b.tenant_id
        where b.organisation_id = o.id order by t.name
    ),
    case when k.tenants is not null then
        array(select t.name from tenant t where t.id = any (k.tenants) order by t.name)
    end,
    k.hash
from api_key k
join organisation o on o.id = k.organisation_id

-- name: insert_key
insert into api_key (prefix, hash, role, label, organisation_id, tenants, expires_at, created_by)
values (
    %(prefix)s, %(hash)s, %(role)s, %(label)s, %(organisation_id)s,
    case when %(tenants)s::text[] is not null then
        array(select id from tenant where name = any (%(tenants)s::text[]) order by id)
    end,
    %(expires_at)s, %(created_by)s
)

-- name: lock_keys
lock table api_key in share row exclusive mode;

-- name: any_key
select exists (
    select from api_key
    where revoked_at is null and (expires_at is null or expires_at > now()) and role = 'administrator'
        and organisation_id = 1 and tenants is null
);

-- name: lock_organisation
select name, kind, every_tenant, disabled_at,
    array(
        select t.name from organisation_tenant b join tenant t on t.id = b.tenant_id
        where b.organisation_id = o.id order by t.name
    )
from organisation o where id = %s
for no key update

-- name: count_valid
select count(*) from api_key
where organisation_id = %s and revoked_at is null and (expires_at is null or expires_at > now())

-- name: revoke_key
update api_key set revoked_at = now(), revoked_by = %(by)s where prefix = %(prefix)s and revoked_at is null
returning prefix, organisation_id;

-- name: lock_key
select from api_key where prefix = %s for update

-- name: set_successor
update api_key set successor = %(successor)s,
    expires_at = least(expires_at, now() + %(overlap_s)s * interval '1 second')
where prefix = %(prefix)s

-- name: copy_grants
insert into access_grant (
    tenant_id, key_prefix, operations, types, attributes, scopes, area, valid_from, valid_until, history_from,
    personal, label, created_by
)
select tenant_id, %(successor)s, operations, types, attributes, scopes, area, valid_from, valid_until, history_from,
    personal, label, created_by
from access_grant where key_prefix = %(prefix)s

-- name: note_use
update api_key set last_used_at = now()
where prefix = %s and (last_used_at is null or last_used_at < now() - interval '1 minute')
