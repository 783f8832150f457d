-- name: put_rule
insert into alarm_rule as r (tenant_id, id, document, organisation_id, owner_role)
values (%(tenant_id)s, %(id)s, %(document)s, %(owner)s, %(role)s)
on conflict (tenant_id, id) do update set document = excluded.document, modified_at = now()
where %(organisation)s::integer is null or (r.organisation_id = %(organisation)s and r.owner_role <> 'administrator')
returning created_at = modified_at

-- name: switch_rule
update alarm_rule
set document = document || jsonb_build_object('isActive', %(is_active)s::boolean), modified_at = now()
where tenant_id = %(tenant_id)s and id = %(id)s
    and (%(organisation)s::integer is null or (organisation_id = %(organisation)s and owner_role <> 'administrator'))

-- name: forget_pending
-- What is not observed any more has not held.
update alarm_state set phase = 'normal', due_at = null
where tenant_id = %(tenant_id)s and rule_id = %(id)s and phase = 'pending'

-- name: get_rule
select document, created_at, modified_at from alarm_rule
where tenant_id = %(tenant_id)s and id = %(id)s
    and (%(organisation)s::integer is null or (organisation_id = %(organisation)s and owner_role <> 'administrator'))

-- name: list_rules
select document, created_at, modified_at from alarm_rule
where tenant_id = %(tenant_id)s and id > %(after)s
    and (%(organisation)s::integer is null or (organisation_id = %(organisation)s and owner_role <> 'administrator'))
order by id limit %(limit)s

-- name: delete_rule
delete from alarm_rule
where tenant_id = %(tenant_id)s and id = %(id)s
    and (%(organisation)s::integer is null or (organisation_id = %(organisation)s and owner_role <> 'administrator'))

-- name: list_states
select entity_id, phase, since, value, at from alarm_state
where tenant_id = %(tenant_id)s and rule_id = %(rule_id)s and entity_id > %(after)s
    and (%(phase)s::text is null or phase = %(phase)s)
order by entity_id limit %(limit)s

-- name: make_state
insert into alarm_state (tenant_id, rule_id, entity_id, phase, since, at)
values (%(tenant_id)s, %(rule_id)s, %(entity_id)s, 'normal', 'epoch', 'epoch')
on conflict (tenant_id, rule_id, entity_id) do nothing

-- name: lock_state
select phase, since, value, at, location from alarm_state
where tenant_id = %(tenant_id)s and rule_id = %(rule_id)s and entity_id = %(entity_id)s
for update

-- name: save_state
update alarm_state set phase = %(phase)s, since = %(since)s, value = %(value)s, at = %(at)s,
    location = %(location)s, due_at = %(due_at)s
where tenant_id = %(tenant_id)s and rule_id = %(rule_id)s and entity_id = %(entity_id)s

-- name: take_due
select t.name, s.tenant_id, s.rule_id, s.entity_id from alarm_state s join tenant t on t.id = s.tenant_id
where s.due_at <= %(now)s
order by s.due_at limit %(limit)s
for update of s skip locked
