-- Which devices, and in what order. The cost follows the number of a tenant's devices, not of all.

-- name: match_devices
select d.id, d.name, d.owner, d.profile, d.state, d.created_at, d.modified_at, c.last_seen
from device d
left join device_counter c on c.tenant_id = d.tenant_id and c.device_id = d.id
where d.tenant_id = %(tenant_id)s
    and (%(kind)s::smallint is null or d.kind = %(kind)s)
    and (%(retired)s::boolean is null or (d.retired_at is not null) = %(retired)s)
    and (%(states)s::text[] is null or d.state = any(%(states)s))
    and (%(profile)s::text is null or d.profile = %(profile)s)
    and (%(gateway)s::text is null or d.gateway_id = %(gateway)s)
    and (%(owner)s::text is null or d.owner = %(owner)s)
    and (%(devices_of)s::text is null or d.owner = %(devices_of)s)
    and d.tags @> %(tags)s::text[]
    and (%(seen_after)s::timestamptz is null or c.last_seen >= %(seen_after)s)
    and (%(seen_before)s::timestamptz is null or c.last_seen is null or c.last_seen < %(seen_before)s)
    and (%(bbox)s::double precision[] is null or (
        (d.location -> 'coordinates' ->> 0)::double precision between (%(bbox)s::double precision[])[1]
            and (%(bbox)s::double precision[])[3]
        and (d.location -> 'coordinates' ->> 1)::double precision between (%(bbox)s::double precision[])[2]
            and (%(bbox)s::double precision[])[4]))
    and (%(near)s::double precision[] is null or device_distance_m(d.location, (%(near)s::double precision[])[1],
        (%(near)s::double precision[])[2]) <= (%(near)s::double precision[])[3])
    and d.search like all (array(
        select '%%' || regexp_replace(device_folded(word), '([\\%%_])', '\\\1', 'g') || '%%'
        from unnest(%(words)s::text[]) as word))

-- name: list_tenants
select t.name, t.id from tenant t where exists (select from device d where d.tenant_id = t.id) order by t.id;
