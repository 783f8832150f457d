-- name: count_arrivals
-- One row per series and day that had something out of the ordinary in this batch; its entities are locked.
insert into arrival_day (series_id, day, late, duplicate)
select s.id, g.day, sum(g.late), sum(g.duplicate)
from unnest(%s::text[], %s::text[], %s::text[], %s::date[], %s::bigint[], %s::bigint[])
    as g (entity_id, attribute, dataset_id, day, late, duplicate)
join term a on a.iri = g.attribute
join series s on s.tenant_id = %s and s.entity_id = g.entity_id and s.attribute_id = a.id
    and s.dataset_id = g.dataset_id
group by s.id, g.day
order by s.id, g.day
on conflict (series_id, day) do update set
    late = arrival_day.late + excluded.late,
    duplicate = arrival_day.duplicate + excluded.duplicate

-- name: get_arrivals
select series_id, day, late, duplicate from arrival_day where series_id = any(%s) and day >= %s and day < %s

-- name: get_corrections
select s.series_id, (s.at at time zone 'Asia/Tokyo')::date, count(*)
from observation_superseded s
where s.series_id = any(%s) and s.at >= %s and s.at < %s and s.reason = 'corrected'
group by 1, 2

-- name: get_devices
-- How often the entities' devices are expected to speak, and until when.
select distinct on (entity_id) entity_id, expected_interval_s, retired_at
from device
where tenant_id = %s and entity_id = any(%s)
order by entity_id, retired_at desc nulls first

-- name: get_latest_times
-- The times of the last values before a time, of which the interval is learned.
select g.id, array(
    select o.at from observation o
    where o.series_id = g.id and o.at < %s and o.deleted_at is null
    order by o.at desc
    limit %s
)
from unnest(%s::integer[]) as g (id)
