-- Devices that nobody registered yet, on whose terms they may wait, and what was decided.

-- name: judge
-- One row per name asked for whose gateway takes in unknown devices now.
select w.tenant_id, w.gateway_id, w.name, g.prefix, r.state, r.device_id, coalesce(r.messages, 0),
    coalesce(r.bytes, 0), g.max_devices - (
        select count(*) from device_waiting o where o.tenant_id = g.tenant_id and o.gateway_id = g.gateway_id
    ),
    (select coalesce(sum(o.messages), 0)::bigint from device_waiting o
        where o.tenant_id = g.tenant_id and o.state = 'waiting')
from unnest(%(tenant_ids)s::integer[], %(gateways)s::text[], %(names)s::text[]) as w (tenant_id, gateway_id, name)
join device_group g on g.tenant_id = w.tenant_id and g.gateway_id = w.gateway_id
left join device_waiting r on r.tenant_id = w.tenant_id and r.gateway_id = w.gateway_id and r.name = w.name
where g.expires_at is null or g.expires_at > now()

-- name: record
insert into device_waiting as w (tenant_id, gateway_id, name, messages, bytes, first_seen, last_seen)
select %(tenant_id)s, r.gateway_id, r.name, r.messages, r.bytes, r.first_seen, r.last_seen
from unnest(%(gateways)s::text[], %(names)s::text[], %(messages)s::bigint[], %(bytes)s::bigint[],
    %(first)s::timestamptz[], %(last)s::timestamptz[]) as r (gateway_id, name, messages, bytes, first_seen, last_seen)
join device_group g on g.tenant_id = %(tenant_id)s and g.gateway_id = r.gateway_id
order by r.gateway_id, r.name
on conflict (tenant_id, gateway_id, name) do update
set messages = w.messages + excluded.messages, bytes = w.bytes + excluded.bytes,
    last_seen = greatest(w.last_seen, excluded.last_seen)

-- name: put_group
insert into device_group (tenant_id, gateway_id, profile, prefix, max_devices, expires_at)
values (%(tenant_id)s, %(gateway)s, %(profile)s, %(prefix)s, %(max_devices)s, %(expires_at)s)
on conflict (tenant_id, gateway_id) do update
set profile = excluded.profile, prefix = excluded.prefix, max_devices = excluded.max_devices,
    expires_at = excluded.expires_at, modified_at = now()
returning xmax = 0

-- name: list_groups
select g.gateway_id, d.adapter, d.application, g.profile, g.prefix, g.max_devices, g.expires_at, g.created_at,
    count(w.name) filter (where w.state = 'waiting'), count(w.name) filter (where w.state = 'approved'),
    count(w.name) filter (where w.state = 'rejected')
from device_group g
join device d on d.tenant_id = g.tenant_id and d.id = g.gateway_id
left join device_waiting w on w.tenant_id = g.tenant_id and w.gateway_id = g.gateway_id
where g.tenant_id = %(tenant_id)s and (%(gateway)s::text is null or g.gateway_id = %(gateway)s)
group by g.tenant_id, g.gateway_id, d.tenant_id, d.id
order by g.gateway_id

-- name: delete_group
delete from device_group where tenant_id = %(tenant_id)s and gateway_id = %(gateway)s

-- name: list_waiting
select w.gateway_id, w.name, w.state, w.device_id, w.messages, w.bytes, w.first_seen, w.last_seen, g.profile, (
    select payload from quarantine q
    where q.tenant_id = w.tenant_id and q.device_id = w.gateway_id || '/' || w.name and q.replayed_at is null
    order by q.id limit 1
)
from device_waiting w
join device_group g on g.tenant_id = w.tenant_id and g.gateway_id = w.gateway_id
where w.tenant_id = %(tenant_id)s
    and (%(gateway)s::text is null or w.gateway_id = %(gateway)s)
    and (%(name)s::text is null or w.name = %(name)s)
    and (%(state)s::text is null or w.state = %(state)s)
    and (w.gateway_id, w.name) > (%(after_gateway)s, %(after_name)s)
order by w.gateway_id, w.name
limit %(limit)s

-- name: decide
update device_waiting
set state = %(state)s, device_id = %(device_id)s, decided_at = now(), decided_by = %(principal)s
where tenant_id = %(tenant_id)s and gateway_id = %(gateway)s and name = %(name)s

-- name: move_messages
update quarantine set device_id = %(device_id)s
where tenant_id = %(tenant_id)s and device_id = %(waiting_id)s and replayed_at is null

-- name: move_counter
-- What it sent while it waited is counted for the device that it became.
with gone as (
    delete from device_counter where tenant_id = %(tenant_id)s and device_id = %(waiting_id)s returning *
)
insert into device_counter as c
    (tenant_id, device_id, messages_received, messages_stored, messages_duplicate, messages_corrected,
    messages_ignored, messages_quarantined, values_received, values_stored, values_duplicate, values_corrected,
    values_ignored, values_quarantined, values_late, possible_repeats, last_seen)
select tenant_id, %(device_id)s, messages_received, messages_stored, messages_duplicate, messages_corrected,
    messages_ignored, messages_quarantined, values_received, values_stored, values_duplicate, values_corrected,
    values_ignored, values_quarantined, values_late, possible_repeats, last_seen
from gone
on conflict (tenant_id, device_id) do update
set messages_received = c.messages_received + excluded.messages_received,
    messages_stored = c.messages_stored + excluded.messages_stored,
    messages_duplicate = c.messages_duplicate + excluded.messages_duplicate,
    messages_corrected = c.messages_corrected + excluded.messages_corrected,
    messages_ignored = c.messages_ignored + excluded.messages_ignored,
    messages_quarantined = c.messages_quarantined + excluded.messages_quarantined,
    values_received = c.values_received + excluded.values_received,
    values_stored = c.values_stored + excluded.values_stored,
    values_duplicate = c.values_duplicate + excluded.values_duplicate,
    values_corrected = c.values_corrected + excluded.values_corrected,
    values_ignored = c.values_ignored + excluded.values_ignored,
    values_quarantined = c.values_quarantined + excluded.values_quarantined,
    values_late = c.values_late + excluded.values_late,
    possible_repeats = c.possible_repeats + excluded.possible_repeats,
    last_seen = greatest(c.last_seen, excluded.last_seen)
