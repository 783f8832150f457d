-- Limits that differ from the settings (limits.py).

-- name: list_overrides
select subject, name, value, burst, modified_at, modified_by from request_limit order by subject, name limit %s

-- name: lock_override
select value, burst from request_limit where subject = %(subject)s and name = %(name)s for update

-- name: put_override
insert into request_limit (subject, name, value, burst, modified_by)
values (%(subject)s, %(name)s, %(value)s, %(burst)s, %(by)s)
on conflict (subject, name) do update
set value = excluded.value, burst = excluded.burst, modified_by = excluded.modified_by, modified_at = now()

-- name: delete_override
delete from request_limit where subject = %(subject)s and name = %(name)s returning value, burst

-- name: count_subscriptions
select count(*) from subscription where organisation_id = %s
