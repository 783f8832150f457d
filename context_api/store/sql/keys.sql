-- name: insert_key
insert into api_key (prefix, hash, role, label) values (%(prefix)s, %(hash)s, %(role)s, %(label)s)
returning prefix, role, label, created_at, revoked_at;

-- name: lock_keys
lock table api_key in share row exclusive mode;

-- name: any_key
select exists (select from api_key where revoked_at is null);

-- name: find_key
select hash, prefix, role, label, created_at, revoked_at from api_key where prefix = %(prefix)s;

-- name: list_keys
select prefix, role, label, created_at, revoked_at from api_key order by created_at, prefix;

-- name: revoke_key
update api_key set revoked_at = now() where prefix = %(prefix)s and revoked_at is null returning prefix;
