-- Messages that were put aside: looked at, replayed, discarded, bounded.

-- name: list_messages
select id, device_id, topic, payload, payload_size, reason, detail, arrived_at, replayed_at, value_count, is_whole,
    retained, outcome
from quarantine
where tenant_id = %(tenant_id)s
    and (%(before)s::bigint is null or id < %(before)s)
    and (%(device_id)s::text is null or device_id = %(device_id)s)
    and (%(reason)s::text is null or reason = %(reason)s)
    and (%(since)s::timestamptz is null or arrived_at >= %(since)s)
    and (%(until)s::timestamptz is null or arrived_at < %(until)s)
    and (%(replayed)s::boolean is null or (replayed_at is not null) = %(replayed)s)
order by id desc
limit %(limit)s

-- name: list_oldest
select id, device_id, topic, payload, payload_size, reason, detail, arrived_at, replayed_at, value_count, is_whole,
    retained, outcome
from quarantine
where tenant_id = %(tenant_id)s
    and id > %(after)s
    and (%(device_id)s::text is null or device_id = %(device_id)s)
    and (%(reason)s::text is null or reason = %(reason)s)
    and (%(since)s::timestamptz is null or arrived_at >= %(since)s)
    and (%(until)s::timestamptz is null or arrived_at < %(until)s)
    and replayed_at is null
order by id
limit %(limit)s

-- name: get_messages
select id, device_id, topic, payload, payload_size, reason, detail, arrived_at, replayed_at, value_count, is_whole,
    retained, outcome
from quarantine
where tenant_id = %(tenant_id)s and id = any(%(ids)s::bigint[])
order by id

-- name: count_reasons
select reason, count(*), count(distinct device_id), sum(payload_size)::bigint, min(arrived_at), max(arrived_at)
from quarantine
where tenant_id = %(tenant_id)s
    and (%(device_id)s::text is null or device_id = %(device_id)s)
    and (%(since)s::timestamptz is null or arrived_at >= %(since)s)
    and (%(until)s::timestamptz is null or arrived_at < %(until)s)
    and replayed_at is null
group by reason
order by count(*) desc, reason

-- name: list_dropped
select reason, cause, messages, bytes, last_at from quarantine_dropped where tenant_id = %(tenant_id)s
order by reason, cause

-- name: lock_messages
-- Those that another replay settled a moment ago are left out.
select id, device_id, value_count, is_whole, arrived_at from quarantine
where tenant_id = %(tenant_id)s and id = any(%(ids)s::bigint[]) and replayed_at is null
order by id
for update

-- name: settle_message
update quarantine set replayed_at = now(), outcome = %(outcome)s, device_id = %(device_id)s
where tenant_id = %(tenant_id)s and id = %(id)s

-- name: keep_message
-- It was not good this time either, or only a part of it was.
update quarantine
set reason = %(reason)s, detail = %(detail)s, device_id = %(device_id)s, value_count = %(value_count)s,
    is_whole = %(is_whole)s
where tenant_id = %(tenant_id)s and id = %(id)s

-- name: move_counts
insert into device_counter as c
    (tenant_id, device_id, messages_received, messages_stored, messages_corrected, messages_duplicate,
    messages_quarantined, messages_ignored, values_received, values_stored, values_corrected, values_duplicate,
    values_quarantined, values_ignored, values_late, last_seen)
values (%(tenant_id)s, %(device_id)s, %(messages_received)s, %(messages_stored)s, %(messages_corrected)s,
    %(messages_duplicate)s, %(messages_quarantined)s, %(messages_ignored)s, %(values_received)s, %(values_stored)s,
    %(values_corrected)s, %(values_duplicate)s, %(values_quarantined)s, %(values_ignored)s, %(values_late)s,
    %(last_seen)s)
on conflict (tenant_id, device_id) do update
set messages_received = c.messages_received + excluded.messages_received,
    messages_stored = c.messages_stored + excluded.messages_stored,
    messages_corrected = c.messages_corrected + excluded.messages_corrected,
    messages_duplicate = c.messages_duplicate + excluded.messages_duplicate,
    messages_quarantined = c.messages_quarantined + excluded.messages_quarantined,
    messages_ignored = c.messages_ignored + excluded.messages_ignored,
    values_received = c.values_received + excluded.values_received,
    values_stored = c.values_stored + excluded.values_stored,
    values_corrected = c.values_corrected + excluded.values_corrected,
    values_duplicate = c.values_duplicate + excluded.values_duplicate,
    values_quarantined = c.values_quarantined + excluded.values_quarantined,
    values_ignored = c.values_ignored + excluded.values_ignored,
    values_late = c.values_late + excluded.values_late,
    last_seen = greatest(c.last_seen, excluded.last_seen)

-- name: discard_messages
-- The counters of the devices stay: these messages were received and not stored.
with gone as (
    delete from quarantine
    where tenant_id = %(tenant_id)s and replayed_at is null and id = any(%(ids)s::bigint[])
    returning reason, payload_size
), counted as (
    insert into quarantine_dropped as d (tenant_id, reason, cause, messages, bytes)
    select %(tenant_id)s, reason, 'discarded', count(*), sum(payload_size) from gone group by reason
    on conflict (tenant_id, reason, cause) do update
    set messages = d.messages + excluded.messages, bytes = d.bytes + excluded.bytes, last_at = now()
)
select count(*) from gone

-- name: sum_tenants
select tenant_id, count(*), sum(least(payload_size, %(kept)s))::bigint from quarantine
group by tenant_id
having count(*) > %(messages)s or sum(least(payload_size, %(kept)s)) > %(bytes)s

-- name: drop_oldest
with old as (
    select day, id from quarantine where tenant_id = %(tenant_id)s order by id limit %(bite)s for update skip locked
), gone as (
    delete from quarantine q using old where q.day = old.day and q.id = old.id
    returning q.reason, q.payload_size, q.replayed_at
), counted as (
    insert into quarantine_dropped as d (tenant_id, reason, cause, messages, bytes)
    select %(tenant_id)s, reason, %(cause)s, count(*), sum(payload_size) from gone where replayed_at is null
    group by reason
    on conflict (tenant_id, reason, cause) do update
    set messages = d.messages + excluded.messages, bytes = d.bytes + excluded.bytes, last_at = now()
)
select count(*), coalesce(sum(least(payload_size, %(kept)s)), 0)::bigint from gone

-- name: count_day
-- Before a day is dropped whole.
insert into quarantine_dropped as d (tenant_id, reason, cause, messages, bytes)
select tenant_id, reason, %(cause)s, count(*), sum(payload_size) from quarantine
where day = %(day)s and replayed_at is null
group by tenant_id, reason
on conflict (tenant_id, reason, cause) do update
set messages = d.messages + excluded.messages, bytes = d.bytes + excluded.bytes, last_at = now()

-- name: measure
select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint, coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint
from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'machi.quarantine'::regclass
