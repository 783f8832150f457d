-- name: find_expired
select e.tenant_id, t.name, e.id
from entity e
join tenant t on t.id = e.tenant_id
where e.next_expiry <= %s
order by e.next_expiry
limit %s

-- name: delete_tombstones
delete from tombstone
where ctid = any(array(select ctid from tombstone where deleted_at < %s limit %s for update skip locked))

-- name: delete_receipts
delete from receipt
where ctid = any(array(select ctid from receipt where arrived_at < %s limit %s for update skip locked))
