-- Who used what (usage.py). Days are those of Japan.

-- name: add_usage
insert into usage as u (
    day, tenant_id, organisation, caller, type_id,
    requests, refused, entities, written, bytes, notifications, export_rows, stream_events
)
select a.day, t.id, a.organisation, a.caller, a.type_id,
    a.requests, a.refused, a.entities, a.written, a.bytes, a.notifications, a.export_rows, a.stream_events
from unnest(
    %(days)s::date[], %(tenants)s::text[], %(organisations)s::integer[], %(callers)s::text[], %(types)s::integer[],
    %(requests)s::bigint[], %(refused)s::bigint[], %(entities)s::bigint[], %(entities_written)s::bigint[],
    %(bytes)s::bigint[], %(notifications)s::bigint[], %(export_rows)s::bigint[], %(stream_events)s::bigint[]
) as a (
    day, tenant, organisation, caller, type_id,
    requests, refused, entities, written, bytes, notifications, export_rows, stream_events
)
join tenant t on t.name = a.tenant
order by 1, 2, 3, 4, 5
on conflict (day, tenant_id, organisation, caller, type_id) do update
set requests = u.requests + excluded.requests,
    refused = u.refused + excluded.refused,
    entities = u.entities + excluded.entities,
    written = u.written + excluded.written,
    bytes = u.bytes + excluded.bytes,
    notifications = u.notifications + excluded.notifications,
    export_rows = u.export_rows + excluded.export_rows,
    stream_events = u.stream_events + excluded.stream_events

-- name: add_written
insert into writes_of_day as w (day, subject, entities)
select %(day)s, a.subject, a.entities
from unnest(%(subjects)s::text[], %(written)s::bigint[]) as a (subject, entities)
order by 2
on conflict (day, subject) do update set entities = w.entities + excluded.entities

-- name: list_written
select subject, entities from writes_of_day where day = %(day)s

-- name: drop_written
delete from writes_of_day where day < %s

-- name: count_notifications
-- The notifiers' own counts, by hour; what is there is replaced where it is more, so that this may run at any time.
insert into usage as u (day, tenant_id, organisation, caller, type_id, notifications)
select (d.hour at time zone 'Asia/Tokyo')::date, s.tenant_id, s.organisation_id, s.owner_role, 0, sum(d.count)
from delivery_stat d
join subscription s on s.key = d.subscription_key
where d.kind = %(kind)s and d.day >= %(since)s - 1 and (d.hour at time zone 'Asia/Tokyo')::date >= %(since)s
group by 1, 2, 3, 4
order by 1, 2, 3, 4
on conflict (day, tenant_id, organisation, caller, type_id) do update
set notifications = greatest(u.notifications, excluded.notifications)

-- name: list_usage
select u.day, t.name, u.organisation, o.name, u.caller, m.iri,
    u.requests, u.refused, u.entities, u.written, u.bytes, u.notifications, u.export_rows, u.stream_events
from usage u
join tenant t on t.id = u.tenant_id
left join organisation o on o.id = u.organisation
left join term m on m.id = u.type_id
where u.day >= %(since)s and u.day < %(until)s
    and (%(organisation)s::integer is null or u.organisation = %(organisation)s)
    and (%(tenants)s::text[] is null or t.name = any (%(tenants)s))
order by u.day, u.organisation, t.name, u.caller, m.iri nulls first
limit %(limit)s
