-- name: count_findings
insert into profile_finding as f (tenant_id, device_id, attribute, reason, found, first_at, last_at, last_detail)
select %s, g.device_id, g.attribute, g.reason, g.found, g.at, g.at, g.detail
from unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::timestamptz[], %s::text[])
    as g (device_id, attribute, reason, found, at, detail)
on conflict (tenant_id, device_id, attribute, reason) do update
set found = f.found + excluded.found, last_at = greatest(f.last_at, excluded.last_at),
    last_detail = excluded.last_detail

-- name: list_findings
-- The latest first; a device has at most as many as its profiles have attributes and reasons.
select device_id, attribute, reason, found, first_at, last_at, last_detail
from profile_finding
where tenant_id = %s and device_id = %s
order by last_at desc, attribute, reason
limit 200

-- name: delete_findings
delete from profile_finding where tenant_id = %s and device_id = %s
