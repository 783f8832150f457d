-- name: get_receipts
select r.session, r.packet_id, r.payload_hash
from unnest(%s::text[], %s::integer[]) as g (session, packet_id)
join receipt r on r.session = g.session and r.packet_id = g.packet_id

-- name: save_receipts
insert into receipt (session, packet_id, payload_hash, arrived_at)
select * from unnest(%s::text[], %s::integer[], %s::bytea[], %s::timestamptz[])
on conflict (session, packet_id)
do update set payload_hash = excluded.payload_hash, arrived_at = excluded.arrived_at

-- name: insert_quarantine
insert into quarantine (tenant_id, day, device_id, topic, payload, payload_size, reason, detail, arrived_at,
    value_count, is_whole, retained)
select %s, g.*
from unnest(%s::date[], %s::text[], %s::text[], %s::bytea[], %s::integer[], %s::text[], %s::text[],
    %s::timestamptz[], %s::integer[], %s::boolean[], %s::boolean[]) as g

-- name: count_deliveries
insert into device_counter as c
    (tenant_id, device_id, messages_received, messages_stored, messages_corrected, messages_duplicate,
    messages_quarantined, messages_ignored, values_received, values_stored, values_corrected, values_duplicate,
    values_quarantined, values_ignored, values_late, possible_repeats, last_seen)
select %s, g.*
from unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::timestamptz[]) as g
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
    possible_repeats = c.possible_repeats + excluded.possible_repeats,
    last_seen = greatest(c.last_seen, excluded.last_seen)
