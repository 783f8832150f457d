-- name: list_seats
select client_id, holder, subscribed_at is not null, is_empty, extract(epoch from now() - held_until)::float8
from bridge_session order by client_id;

-- name: add_seat
insert into bridge_session (client_id) values (%(client_id)s) on conflict (client_id) do nothing;

-- name: lock_seat
select from bridge_session
where client_id = %(client_id)s
    and (holder is null or holder = %(holder)s or held_until < now() - %(grace)s)
for update skip locked;

-- name: take_seat
update bridge_session
set holder = %(holder)s, fence = fence + 1, held_until = now() + %(lease)s, is_empty = false
where client_id = %(client_id)s
returning fence;

-- name: renew_seats
update bridge_session b
set held_until = now() + %(lease)s
from unnest(%(client_ids)s::text[], %(fences)s::bigint[]) as h (client_id, fence)
where b.client_id = h.client_id and b.fence = h.fence and b.holder = %(holder)s
returning b.client_id;

-- name: note_subscribed
update bridge_session set subscribed_at = now()
where client_id = %(client_id)s and fence = %(fence)s and subscribed_at is null;

-- name: release_seat
update bridge_session
set holder = null, held_until = now(), is_empty = %(is_empty)s,
    subscribed_at = case when %(is_empty)s then null else subscribed_at end
where client_id = %(client_id)s and fence = %(fence)s and holder = %(holder)s;

-- name: count_waiting
select count(*)
from process_heartbeat p
where p.process = 'bridge' and p.instance <> %(holder)s and p.at > now() - %(alive)s
    and not exists (select from bridge_session b where b.holder = p.instance and b.held_until > now());

-- name: check_held
select from bridge_session where client_id = %s and fence = %s for key share;
