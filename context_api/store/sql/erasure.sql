-- Deleting all that is kept of an entity or a device, and the proof of it.

-- name: allow_time
-- Changes and notifications have no index by entity: they are kept for days only, and looked through once.
select set_config('statement_timeout', %s, true)

-- name: count_entities
-- What is kept, by kind. The name of a series stays, as a tombstone does: both hold an id and no value.
select
    (select count(*) from entity e where e.tenant_id = %(tenant)s and e.id = any(%(ids)s)) as entities,
    (select count(*) from observation o where o.series_id = any(%(series)s)) as values,
    (select count(*) from observation_superseded o where o.series_id = any(%(series)s)) as corrected_values,
    (select count(*) from observation_hourly o where o.series_id = any(%(series)s))
        + (select count(*) from observation_daily o where o.series_id = any(%(series)s)) as aggregates,
    (select count(*) from change c where c.tenant_id = %(tenant)s and c.entity_id = any(%(ids)s)) as changes,
    (
        select count(*) from outbox o
        where o.tenant_id = %(tenant)s and o.entity_id = any(%(ids)s) and (o.document is not null or o.state = 0)
    ) as notifications,
    (select count(*) from alarm_state a where a.tenant_id = %(tenant)s and a.entity_id = any(%(ids)s)) as alarms

-- name: get_series
select coalesce(array_agg(id), '{}') from series where tenant_id = %s and entity_id = any(%s)

-- name: cancel_waiting
-- A notifier that is sending one at this moment settles only what still waits: each row is counted once.
update outbox
set state = %(state)s, last_error = 'erased', settled_at = statement_timestamp(), document = null
where tenant_id = %(tenant)s and entity_id = any(%(ids)s) and state = 0
returning subscription_key, state, null::double precision

-- name: empty_notifications
update outbox set document = null, last_error = null
where tenant_id = %(tenant)s and entity_id = any(%(ids)s) and (document is not null or last_error is not null)

-- name: delete_changes
delete from change where tenant_id = %(tenant)s and entity_id = any(%(ids)s)

-- name: delete_superseded
delete from observation_superseded where series_id = any(%(series)s)

-- name: delete_arrivals
delete from arrival_day where series_id = any(%(series)s)

-- name: delete_alarms
delete from alarm_state where tenant_id = %(tenant)s and entity_id = any(%(ids)s)

-- name: count_device
select
    (select count(*) from quarantine q where q.tenant_id = %(tenant)s and q.device_id = %(device)s) as messages,
    (select count(*) from device_change c where c.tenant_id = %(tenant)s and c.device_id = %(device)s)
        + (select count(*) from device_hardware h where h.tenant_id = %(tenant)s and h.device_id = %(device)s)
        as device_history,
    (select count(*) from profile_finding f where f.tenant_id = %(tenant)s and f.device_id = %(device)s)
        + (select count(*) from device_waiting w where w.tenant_id = %(tenant)s and w.device_id = %(device)s)
        as findings,
    (
        select count(*) from device d
        where d.tenant_id = %(tenant)s and d.id = %(device)s and (
            num_nonnulls(d.name, d.location, d.serial, d.notes) > 0
            or d.tags <> '{}' or d.static <> '{}' or d.codec_parameters <> '{}'
        )
    ) as device_records

-- name: delete_messages
-- Counted as dropped, so that received = stored + … + quarantined still holds.
with gone as (
    delete from quarantine where tenant_id = %(tenant)s and device_id = %(device)s returning reason, payload_size, replayed_at
)
insert into quarantine_dropped as d (tenant_id, reason, cause, messages, bytes)
select %(tenant)s, reason, 'discarded', count(*), sum(payload_size) from gone where replayed_at is null
group by reason
on conflict (tenant_id, reason, cause) do update
set messages = d.messages + excluded.messages, bytes = d.bytes + excluded.bytes, last_at = now()

-- name: delete_device_changes
delete from device_change where tenant_id = %(tenant)s and device_id = %(device)s

-- name: delete_hardware
delete from device_hardware where tenant_id = %(tenant)s and device_id = %(device)s

-- name: delete_findings
delete from profile_finding where tenant_id = %(tenant)s and device_id = %(device)s

-- name: delete_waiting
delete from device_waiting where tenant_id = %(tenant)s and device_id = %(device)s

-- name: empty_device
-- What is left of a retired device is its name, so that nobody takes it, and its counters.
update device
set name = null, location = null, serial = null, notes = null, tags = '{}', static = '{}', codec_parameters = '{}'
where tenant_id = %(tenant)s and id = %(device)s and retired_at is not null

-- name: add_erasure
insert into erasure (tenant_id, principal, reason, subjects, erased, remaining, at, seal)
values (%(tenant)s, %(principal)s, %(reason)s, %(subjects)s, %(erased)s, %(remaining)s, %(at)s, %(seal)s)
returning id

-- name: get_erasure
select id, principal, reason, subjects, erased, remaining, at, seal from erasure where tenant_id = %s and id = %s

-- name: list_erasures
select id, principal, reason, subjects, erased, remaining, at, seal from erasure
where tenant_id = %(tenant)s and (%(before)s::bigint is null or id < %(before)s)
order by id desc limit %(limit)s
