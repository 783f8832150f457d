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

-- name: thin_tombstones
-- Those that entities carry themselves: of what they were before, and of their attributes.
with kept as (
    select e.tenant_id, e.id,
        case when (e.removed->>'e')::bigint >= %(before)s then jsonb_build_object('e', e.removed->'e') else '{}' end
        || coalesce((
            select jsonb_build_object('a', jsonb_object_agg(attribute.key, attribute.datasets))
            from (
                select a.key, jsonb_object_agg(d.key, d.value) as datasets
                from jsonb_each(e.removed->'a') as a, jsonb_each(a.value) as d
                where (d.value)::bigint >= %(before)s
                group by a.key
            ) as attribute
            having count(*) > 0
        ), '{}') as removed
    from entity e
    where e.removed is not null
    and (
        (e.removed->>'e')::bigint < %(before)s
        or exists (
            select from jsonb_each(e.removed->'a') as a, jsonb_each(a.value) as d where (d.value)::bigint < %(before)s
        )
    )
    limit %(limit)s
    for update of e skip locked
)
update entity e set removed = nullif(k.removed, '{}')
from kept k
where e.tenant_id = k.tenant_id and e.id = k.id
