-- Organisations and the tenants they belong to.

-- name: select_organisations
select o.id, o.name, o.name_ja, o.name_en, o.kind, o.every_tenant, o.contact, o.created_at, o.created_by,
    o.modified_at, o.disabled_at,
    array(
        select t.name from organisation_tenant b join tenant t on t.id = b.tenant_id
        where b.organisation_id = o.id order by t.name
    ),
    (
        select count(*) from api_key k
        where k.organisation_id = o.id and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
    )
from organisation o

-- name: insert_organisation
insert into organisation (name, name_ja, name_en, kind, contact, created_by)
values (%(name)s, %(name_ja)s, %(name_en)s, %(kind)s, %(contact)s, %(by)s)
on conflict (name) do nothing
returning id

-- name: lock_organisation
select from organisation where id = %s for update

-- name: update_organisation
update organisation set name_ja = %(name_ja)s, name_en = %(name_en)s, contact = %(contact)s, modified_at = now()
where id = %(id)s

-- name: set_disabled
update organisation set
    disabled_at = case when %(disabled)s then now() end,
    disabled_by = case when %(disabled)s then %(by)s end,
    modified_at = now()
where id = %(id)s and (disabled_at is not null) <> %(disabled)s
returning id

-- name: remove_tenants
delete from organisation_tenant b using tenant t
where b.organisation_id = %(id)s and t.id = b.tenant_id and t.name <> all (%(tenants)s::text[])

-- name: add_tenants
insert into organisation_tenant (organisation_id, tenant_id)
select %(id)s, id from tenant where name = any (%(tenants)s::text[])
on conflict do nothing

-- name: unknown_tenants
select wanted from unnest(%s::text[]) as wanted where not exists (select from tenant t where t.name = wanted) order by 1

-- name: owned_devices
select count(*) from device where owner = %s

-- name: delete_tenants
delete from organisation_tenant where organisation_id = %s

-- name: delete_organisation
delete from organisation where id = %s

-- name: list_tenants
select name, created_at from tenant where %(names)s::text[] is null or name = any (%(names)s::text[]) order by name
