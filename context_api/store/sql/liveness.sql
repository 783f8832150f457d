-- Watching over devices: who has fallen silent, who cannot be right, what is muted.

-- name: lock_sight
select extract(epoch from now() - looked_at)::float8,
    (select bool_or(ready) from process_heartbeat where process = 'bridge' and at > now() - %(fresh)s * interval '1 s')
from liveness_sight for update

-- name: save_sight
update liveness_sight
set looked_at = now(), blind_until = case when %(blind)s then now() else blind_until end,
    blind_reason = case when %(blind)s then %(reason)s else blind_reason end
returning blind_until

-- name: list_watched
-- Those that have spoken at least once, a page by (tenant, id).
select t.name, d.tenant_id, d.id, d.entity_id, d.profile, d.state, d.expected_interval_s, d.location,
    extract(epoch from now() - greatest(c.last_seen, (select blind_until from liveness_sight)))::float8,
    extract(epoch from now() - c.last_seen)::float8,
    coalesce(w.maintenance_until > now(), false), coalesce(w.raised, '{}'),
    c.messages_received - coalesce(w.messages_received, 0),
    c.messages_quarantined - coalesce(w.messages_quarantined, 0),
    c.values_received - coalesce(w.values_received, 0),
    c.values_quarantined - coalesce(w.values_quarantined, 0)
from device d
join tenant t on t.id = d.tenant_id
join device_counter c on c.tenant_id = d.tenant_id and c.device_id = d.id
left join device_watch w on w.tenant_id = d.tenant_id and w.device_id = d.id
where d.retired_at is null and c.last_seen is not null
    and (d.tenant_id, d.id) > (%(tenant_id)s, %(device_id)s)
order by d.tenant_id, d.id
limit %(limit)s

-- name: save_raised
insert into device_watch as w (tenant_id, device_id, raised)
values (%(tenant_id)s, %(device_id)s, %(raised)s)
on conflict (tenant_id, device_id) do update set raised = excluded.raised

-- name: save_baselines
-- What was counted until now is judged: the next look begins here.
insert into device_watch as w (tenant_id, device_id, looked_at, messages_received, messages_quarantined,
    values_received, values_quarantined)
select c.tenant_id, c.device_id, now(), c.messages_received, c.messages_quarantined, c.values_received,
    c.values_quarantined
from device_counter c join device d on d.tenant_id = c.tenant_id and d.id = c.device_id
where c.tenant_id = %(tenant_id)s and c.device_id = any(%(device_ids)s::text[])
order by c.device_id
on conflict (tenant_id, device_id) do update
set looked_at = excluded.looked_at, messages_received = excluded.messages_received,
    messages_quarantined = excluded.messages_quarantined, values_received = excluded.values_received,
    values_quarantined = excluded.values_quarantined

-- name: list_rate_limited
select distinct tenant_id, device_id from quarantine
where reason = 'rate-limited' and device_id <> '' and day >= current_date - 1
    and arrived_at > now() - %(window_s)s * interval '1 s'

-- name: latest_values
-- The newest values of an attribute, by entity, the newest first.
select s.entity_id, array_agg(array[extract(epoch from o.at)::float8, o.value] order by o.at desc)
from series s
cross join lateral (
    select at, value from observation
    where series_id = s.id and value is not null and deleted_at is null
    order by at desc limit %(limit)s
) o
where s.tenant_id = %(tenant_id)s and s.entity_id = any(%(entity_ids)s::text[]) and s.dataset_id = ''
    and s.attribute_id = any(select id from term where iri = %(attribute)s or iri like %(suffix)s)
group by s.entity_id, s.id

-- name: get_maintenance
select w.maintenance_until, w.maintenance_reason, coalesce(w.raised, '{}')
from device d left join device_watch w on w.tenant_id = d.tenant_id and w.device_id = d.id
where d.tenant_id = %(tenant_id)s and d.id = %(device_id)s and d.retired_at is null

-- name: put_maintenance
insert into device_watch as w (tenant_id, device_id, maintenance_until, maintenance_reason)
select tenant_id, id, %(until)s, %(reason)s from device
where tenant_id = %(tenant_id)s and id = %(device_id)s and retired_at is null
on conflict (tenant_id, device_id) do update
set maintenance_until = excluded.maintenance_until, maintenance_reason = excluded.maintenance_reason

-- name: put_rule
insert into health_rule as r (tenant_id, id, document) values (%(tenant_id)s, %(id)s, %(document)s)
on conflict (tenant_id, id) do update set document = excluded.document, modified_at = now()
returning xmax = 0

-- name: list_rules
select document from health_rule where tenant_id = %(tenant_id)s order by id

-- name: list_all_rules
select tenant_id, document from health_rule order by tenant_id, id

-- name: delete_rule
delete from health_rule where tenant_id = %(tenant_id)s and id = %(id)s
