-- Invitations: codes that are exchanged, once, for a first key.

-- name: select_invitations
select i.prefix, i.organisation_id, o.name, i.role,
    case when i.tenants is not null then
        array(select t.name from tenant t where t.id = any (i.tenants) order by t.name)
    end,
    i.label, i.key_days, i.created_at, i.created_by, i.expires_at, i.revoked_at, i.accepted_at, i.key_prefix,
    o.disabled_at, i.hash
from invitation i
join organisation o on o.id = i.organisation_id

-- name: insert_invitation
insert into invitation (prefix, hash, organisation_id, role, tenants, label, key_days, created_by, expires_at)
values (
    %(prefix)s, %(hash)s, %(organisation_id)s, %(role)s,
    case when %(tenants)s::text[] is not null then
        array(select id from tenant where name = any (%(tenants)s::text[]) order by id)
    end,
    %(label)s, %(key_days)s, %(created_by)s, %(expires_at)s
)

-- name: count_open
select count(*) from invitation
where organisation_id = %s and revoked_at is null and accepted_at is null and expires_at > now()

-- name: lock_invitation
select from invitation where prefix = %s for update

-- name: revoke_invitation
update invitation set revoked_at = now()
where prefix = %(prefix)s and organisation_id = %(organisation_id)s and revoked_at is null and accepted_at is null
returning prefix

-- name: accept_invitation
update invitation set accepted_at = now(), key_prefix = %(key)s where prefix = %(prefix)s
