-- name: insert_session
insert into session
    (hash, stage, account_id, principal, shown, organisation_id, role, tenants, provider, id_token, address, agent, ends_at)
values (%(hash)s, %(stage)s, %(account_id)s, %(principal)s, %(shown)s, %(organisation_id)s, %(role)s, %(tenants)s,
    %(provider)s, %(id_token)s, %(address)s, %(agent)s, now() + make_interval(secs => %(age_s)s))
returning id;

-- name: trim_sessions
-- Of one person so many at most, the oldest go; and some of those that are over, whosever they were.
with kept as (
    select id from session where principal = %(principal)s order by id desc limit %(most)s
), gone as (
    select id from session where ends_at <= now() limit 200
)
delete from session
where (principal = %(principal)s and id not in (select id from kept)) or id in (select id from gone);

-- name: find_session
-- What a local account may is asked of the account each time; what a provider vouched for stands in the session.
select s.id, s.stage, s.account_id, s.principal, s.shown, coalesce(a.role, s.role), o.id, o.name, o.every_tenant,
    array(
        select t.name from organisation_tenant b join tenant t on t.id = b.tenant_id
        where b.organisation_id = o.id order by t.name
    ),
    case when coalesce(a.tenants, s.tenants) is not null then
        array(select t.name from tenant t where t.id = any (coalesce(a.tenants, s.tenants)) order by t.name)
    end,
    s.provider, s.id_token, s.address, s.agent, s.created_at, s.seen_at, s.ends_at
from session s
left join account a on a.id = s.account_id
join organisation o on o.id = coalesce(a.organisation_id, s.organisation_id)
where s.hash = %(hash)s
    and s.ends_at > now()
    and s.seen_at > now() - make_interval(secs => %(idle_s)s)
    and a.disabled_at is null
    and o.disabled_at is null;

-- name: touch_session
update session set seen_at = now() where id = %(id)s and seen_at < now() - interval '55 seconds';

-- name: advance_session
update session
set hash = %(new_hash)s, stage = %(stage)s, seen_at = now(),
    ends_at = case when %(age_s)s::double precision is null then ends_at
        else now() + make_interval(secs => %(age_s)s) end
where hash = %(hash)s
returning id;

-- name: delete_session
delete from session where hash = %(hash)s returning id, principal, provider, id_token;

-- name: delete_session_of
delete from session where principal = %(principal)s and id = %(id)s returning id;

-- name: delete_sessions
delete from session where account_id = %(account_id)s and id is distinct from %(but)s;

-- name: list_sessions
select id, stage, provider, address, agent, created_at, seen_at, ends_at
from session
where principal = %(principal)s and ends_at > now() and seen_at > now() - make_interval(secs => %(idle_s)s)
order by id desc
limit 100;
