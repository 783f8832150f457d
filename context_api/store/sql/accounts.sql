-- name: insert_account
insert into account
    (name, shown, organisation_id, role, tenants, password_hash, must_change, reset_hash, reset_until, created_by)
values (%(name)s, %(shown)s, %(organisation_id)s, %(role)s, %(tenants)s, %(password_hash)s, %(must_change)s,
    %(reset_hash)s, now() + make_interval(secs => %(reset_s)s), %(by)s)
on conflict (name) do nothing
returning id;

-- name: find_login
select a.id, a.name, a.shown, a.role, a.password_hash, a.must_change, a.totp_secret, a.totp_confirmed, a.totp_step
from account a join organisation o on o.id = a.organisation_id
where a.name = %(name)s and a.disabled_at is null and o.disabled_at is null;

-- name: find_login_by_id
select a.id, a.name, a.shown, a.role, a.password_hash, a.must_change, a.totp_secret, a.totp_confirmed, a.totp_step
from account a join organisation o on o.id = a.organisation_id
where a.id = %(id)s and a.disabled_at is null and o.disabled_at is null;

-- name: note_login
update account set logged_in_at = now() where id = %(id)s;

-- name: set_password
-- A password that was set ends the codes that could set one.
update account
set password_hash = %(password_hash)s, must_change = %(must_change)s, reset_hash = null, reset_until = null,
    modified_at = now()
where id = %(id)s;

-- name: upgrade_hash
update account set password_hash = %(new)s where id = %(id)s and password_hash = %(old)s;

-- name: take_step
-- Whether this code's step is later than the last that was taken: of two that come at once, one counts.
update account set totp_step = %(step)s where id = %(id)s and totp_step < %(step)s returning id;

-- name: begin_totp
update account set totp_secret = %(sealed)s, totp_step = 0, modified_at = now()
where id = %(id)s and not totp_confirmed
returning id;

-- name: confirm_totp
update account set totp_confirmed = true, totp_step = %(step)s, modified_at = now()
where id = %(id)s and totp_secret is not null and not totp_confirmed
returning id;

-- name: remove_totp
update account set totp_secret = null, totp_confirmed = false, totp_step = 0, modified_at = now() where id = %(id)s;

-- name: delete_recovery_codes
delete from recovery_code where account_id = %(id)s;

-- name: insert_recovery_codes
insert into recovery_code (account_id, hash) select %(id)s, unnest(%(hashes)s::bytea[]);

-- name: take_recovery_code
update recovery_code set used_at = now()
where account_id = %(id)s and hash = %(hash)s and used_at is null
returning hash;

-- name: find_reset
select a.id, a.name, a.reset_hash
from account a join organisation o on o.id = a.organisation_id
where a.name = %(name)s and a.reset_until > now() and a.disabled_at is null and o.disabled_at is null;

-- name: begin_reset
update account
set reset_hash = %(reset_hash)s, reset_until = now() + make_interval(secs => %(reset_s)s), password_hash = null,
    totp_secret = case when %(totp)s then null else totp_secret end,
    totp_confirmed = case when %(totp)s then false else totp_confirmed end,
    totp_step = case when %(totp)s then 0 else totp_step end,
    modified_at = now()
where id = %(id)s
returning name;

-- name: change_account
update account
set shown = %(shown)s, organisation_id = %(organisation_id)s, role = %(role)s, tenants = %(tenants)s,
    disabled_at = case when not %(disabled)s then null else coalesce(disabled_at, now()) end,
    disabled_by = case when not %(disabled)s then null else coalesce(disabled_by, %(by)s) end,
    modified_at = now()
where id = %(id)s;

-- name: lock_account
select id from account where id = %(id)s for update;

-- name: list_accounts
select a.id, a.name, a.shown, a.role, o.id, o.name, a.tenants,
    array(select t.name from tenant t where t.id = any(a.tenants) order by t.name),
    a.password_hash is not null, a.must_change, a.totp_confirmed,
    (select count(*) from recovery_code r where r.account_id = a.id and r.used_at is null),
    case when a.reset_until > now() then a.reset_until end,
    a.created_at, a.created_by, a.logged_in_at, a.disabled_at
from account a join organisation o on o.id = a.organisation_id
where (%(id)s::bigint is null or a.id = %(id)s)
    and (%(name)s::text is null or a.name = %(name)s)
    and (%(organisation_id)s::integer is null or a.organisation_id = %(organisation_id)s)
    and a.id > %(after)s
order by a.id
limit %(limit)s;
