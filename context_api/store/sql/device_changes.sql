-- Who changed what of a device.

-- name: list_changes
select number, at, principal, action, before, after, reason
from device_change
where tenant_id = %(tenant_id)s and device_id = %(device_id)s
    and (%(before)s::integer is null or number < %(before)s)
order by number desc
limit %(limit)s;

-- name: count_changes
select count(*) from device_change where tenant_id = %(tenant_id)s and device_id = %(device_id)s;

-- name: list_hardware
-- The newest first.
select serial, installed_at, removed_at, reason, principal
from device_hardware
where tenant_id = %(tenant_id)s and device_id = %(device_id)s
order by number desc
limit %(limit)s;
