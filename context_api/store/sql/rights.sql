-- name: get_grants
-- Of an organisation, of one key, and of the public: what everybody may see, nobody is denied. An organisation that
-- is disabled has nothing.
select g.id, g.operations, g.types, g.attributes, g.scopes, g.area::text, g.valid_from, g.valid_until,
    g.history_from, g.personal, coalesce(g.organisation_id = %(public)s, false)
from access_grant g
left join organisation o on o.id = g.organisation_id
where g.tenant_id = %(tenant)s
    and (g.organisation_id = %(organisation)s or g.organisation_id = %(public)s or g.key_prefix = %(key)s)
    and o.disabled_at is null
    and (g.valid_until is null or g.valid_until > statement_timestamp())
order by g.id

-- name: get_ended_grants
-- The same of which the time is over, for whoever asks why something is hidden now
select g.id, g.operations, g.types, g.attributes, g.scopes, g.area::text, g.valid_from, g.valid_until,
    g.history_from, g.personal, coalesce(g.organisation_id = %(public)s, false)
from access_grant g
left join organisation o on o.id = g.organisation_id
where g.tenant_id = %(tenant)s
    and (g.organisation_id = %(organisation)s or g.organisation_id = %(public)s or g.key_prefix = %(key)s)
    and o.disabled_at is null
    and g.valid_until <= statement_timestamp()
order by g.id desc
limit %(limit)s

-- name: get_marks
select type, personal from type_policy where tenant_id = %s and personal <> '{}'

-- name: get_floors
select type, counts, smallest_count from type_policy
where tenant_id = %s and counts <> '{}' and smallest_count is not null

-- name: get_own_entities
select d.entity_id
from device d
join organisation o on o.name = d.owner
where d.tenant_id = %s and o.id = %s and o.disabled_at is null and d.entity_id is not null
limit %s
