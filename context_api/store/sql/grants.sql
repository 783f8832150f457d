-- name: insert_grant
insert into access_grant (tenant_id, organisation_id, key_prefix, operations, types, attributes, scopes, area,
    valid_from, valid_until, history_from, personal, label, created_by)
values (%(tenant)s, %(organisation)s, %(key)s, %(operations)s, %(types)s, %(attributes)s, %(scopes)s,
    %(area)s::jsonb, %(valid_from)s, %(valid_until)s, %(history_from)s, %(personal)s, %(label)s, %(by)s)
returning id

-- name: update_grant
update access_grant set operations = %(operations)s, types = %(types)s, attributes = %(attributes)s,
    scopes = %(scopes)s, area = %(area)s::jsonb, valid_from = %(valid_from)s, valid_until = %(valid_until)s,
    history_from = %(history_from)s, personal = %(personal)s, label = %(label)s, modified_at = now()
where tenant_id = %(tenant)s and id = %(id)s

-- name: delete_grant
delete from access_grant where tenant_id = %s and id = %s

-- name: select_grants
select g.id, o.name, g.key_prefix, g.operations, g.types, g.attributes, g.scopes, g.area::text, g.valid_from,
    g.valid_until, g.history_from, g.personal, g.label, g.created_at, g.created_by, g.modified_at
from access_grant g
left join organisation o on o.id = g.organisation_id
where g.tenant_id = %(tenant)s
    and (%(id)s::bigint is null or g.id = %(id)s)
    and (%(organisation)s::text is null or o.name = %(organisation)s)
    and (%(key)s::text is null or g.key_prefix = %(key)s)
    and g.id > %(after)s
order by g.id
limit %(limit)s

-- name: lock_grant
select id from access_grant where tenant_id = %s and id = %s for update

-- name: count_grants
select count(*) from access_grant where tenant_id = %s

-- name: find_organisation
select o.id from organisation o
where o.name = %s and o.disabled_at is null and (
    o.every_tenant or exists (select from organisation_tenant t where t.organisation_id = o.id and t.tenant_id = %s)
)

-- name: find_key
select k.prefix
from api_key k
join organisation o on o.id = k.organisation_id
where k.prefix = %s and k.revoked_at is null and o.disabled_at is null and (
    o.every_tenant or exists (select from organisation_tenant t where t.organisation_id = o.id and t.tenant_id = %s)
)

-- name: list_type_policies
select type, personal, modified_at, modified_by from type_policy where tenant_id = %s order by type

-- name: get_type_policy
select type, personal, modified_at, modified_by from type_policy where tenant_id = %s and type = %s

-- name: put_personal
insert into type_policy (tenant_id, type, personal, modified_by) values (%s, %s, %s, %s)
on conflict (tenant_id, type) do update
set personal = excluded.personal, modified_by = excluded.modified_by, modified_at = now()

-- name: count_type_policies
select count(*) from type_policy where tenant_id = %s
