-- name: lock_registrations
select pg_advisory_xact_lock(%s, %s)

-- name: delete_expired
delete from registration where tenant_id = %s and expires_at <= %s

-- name: count_registrations
select count(*) from registration where tenant_id = %s

-- name: get_proxied
select document from registration where tenant_id = %s and is_proxied order by key

-- name: create_registration
insert into registration (tenant_id, id, document, is_proxied, created_at, modified_at, expires_at,
    organisation_id, owner_role)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (tenant_id, id) do nothing
returning key

-- name: update_registration
update registration set document = %s, is_proxied = %s, modified_at = %s, expires_at = %s
where tenant_id = %s and id = %s

-- name: get_registration
select document, created_at, modified_at
from registration
where tenant_id = %(tenant_id)s and id = %(id)s and (expires_at is null or expires_at > %(now)s)
    and (%(organisation)s::integer is null or (organisation_id = %(organisation)s and owner_role <> 'administrator'))

-- name: list_registrations
select document, created_at, modified_at
from registration
where tenant_id = %(tenant_id)s and (expires_at is null or expires_at > %(now)s)
    and (%(organisation)s::integer is null or (organisation_id = %(organisation)s and owner_role <> 'administrator'))
order by key

-- name: delete_registration
delete from registration
where tenant_id = %(tenant_id)s and id = %(id)s and (expires_at is null or expires_at > %(now)s)
    and (%(organisation)s::integer is null or (organisation_id = %(organisation)s and owner_role <> 'administrator'))

-- name: get_installation
select id::text from installation

-- name: notify_changed
select pg_notify(%s, %s)
