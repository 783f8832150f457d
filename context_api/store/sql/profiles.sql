-- name: lock_profiles
-- One writer of a tenant's profiles at a time.
select pg_advisory_xact_lock(hashtextextended('machi.profile', %(tenant_id)s))

-- name: lock_profile
-- Of one that was deleted too: its versions go on counting.
select latest, deleted_at is not null from profile where tenant_id = %(tenant_id)s and name = %(name)s

-- name: count_profiles
select count(*) from profile where tenant_id = %(tenant_id)s and deleted_at is null

-- name: put_profile
insert into profile (tenant_id, name, latest) values (%(tenant_id)s, %(name)s, %(version)s)
on conflict (tenant_id, name) do update
set latest = excluded.latest, modified_at = now(), deleted_at = null,
    created_at = case when profile.deleted_at is null then profile.created_at else now() end

-- name: insert_version
insert into profile_version (tenant_id, name, version, document, created_by)
values (%(tenant_id)s, %(name)s, %(version)s, %(document)s, %(created_by)s)

-- name: drop_old_versions
-- The oldest make way, but for those that a device is bound to.
delete from profile_version v
where v.tenant_id = %(tenant_id)s and v.name = %(name)s and v.version <= %(up_to)s and not exists (
    select from device d
    where d.tenant_id = v.tenant_id and d.retired_at is null and d.profile = v.name || '@' || v.version
)

-- name: delete_profile
update profile set deleted_at = now(), modified_at = now()
where tenant_id = %(tenant_id)s and name = %(name)s and deleted_at is null

-- name: get_profile
-- The latest version, or the one that is asked for.
select v.name, v.version, v.document, v.created_at, v.created_by, p.latest, p.created_at
from profile p
join profile_version v on v.tenant_id = p.tenant_id and v.name = p.name
    and v.version = coalesce(%(version)s::integer, p.latest)
where p.tenant_id = %(tenant_id)s and p.name = %(name)s and p.deleted_at is null

-- name: list_profiles
select v.name, v.version, v.document, v.created_at, v.created_by, p.latest, p.created_at
from profile p
join profile_version v on v.tenant_id = p.tenant_id and v.name = p.name and v.version = p.latest
where p.tenant_id = %(tenant_id)s and p.deleted_at is null
order by p.name

-- name: list_latest
select name, latest from profile where tenant_id = %(tenant_id)s and deleted_at is null

-- name: list_versions
select v.name, v.version, v.document, v.created_at, v.created_by, p.latest, p.created_at
from profile_version v
join profile p on p.tenant_id = v.tenant_id and p.name = v.name and p.deleted_at is null
where v.tenant_id = %(tenant_id)s and v.name = %(name)s
order by v.version desc

-- name: count_devices
-- Devices that are bound to each profile, by what they name: the profile, or one version of it.
select profile, count(*) from device
where tenant_id = %(tenant_id)s and retired_at is null and profile is not null
    and (%(name)s::text is null or profile = %(name)s or profile like %(name)s || '@%%')
group by profile

-- name: notify_profile
-- Whoever keeps sources looks them up anew.
select pg_notify('machi_device', '')
