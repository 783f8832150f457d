-- name: get_device_counters
select device_id, messages_received, messages_stored, messages_duplicate, messages_corrected, messages_ignored,
    messages_quarantined, values_received, values_stored, values_duplicate, values_corrected, values_ignored,
    values_quarantined, values_late, possible_repeats, last_seen
from device_counter
where tenant_id = %s and (%s::text is null or device_id = %s)
order by device_id

-- name: list_quarantine
select id, device_id, topic, payload, payload_size, reason, detail, arrived_at, replayed_at
from quarantine
where tenant_id = %s and (%s::bigint is null or id < %s) and (%s::text is null or device_id = %s)
order by id desc
limit %s
