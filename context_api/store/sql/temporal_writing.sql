-- name: keep_head
insert into temporal_entity (tenant_id, id, types, created_at, modified_at, expires_at)
values (%(tenant)s, %(id)s, %(types)s, %(now)s, %(now)s, %(expires)s)
on conflict (tenant_id, id) do update
set types = temporal_entity.types || array(
        select t from unnest(excluded.types) as t where t <> all (temporal_entity.types)
    ),
    modified_at = excluded.modified_at,
    expires_at = coalesce(excluded.expires_at, temporal_entity.expires_at)

-- name: keep_types
insert into temporal_type (tenant_id, entity_id, type_id)
select %s, %s, t from unnest(%s::integer[]) as t
on conflict do nothing

-- name: is_alive
-- Whether the last that is known of a series is a value, not a deletion.
select o.deleted_at is null
from observation o
where o.series_id = %s
order by o.at desc
limit 1

-- name: delete_head
delete from temporal_entity where tenant_id = %s and id = %s

-- name: delete_types
delete from temporal_type where tenant_id = %s and entity_id = %s

-- name: delete_observations
with oldest as materialized (
    select at from observation where series_id = %s order by at limit %s
)
delete from observation o
where o.series_id = %s and o.at >= (select min(at) from oldest) and o.at <= (select max(at) from oldest)

-- name: delete_superseded
delete from observation_superseded where series_id = any(%s)

-- name: delete_moved
delete from observation_moved where series_id = any(%s)

-- name: delete_hourly
delete from observation_hourly where series_id = any(%s)

-- name: delete_daily
delete from observation_daily where series_id = any(%s)

-- name: delete_observation
delete from observation where series_id = %s and at = %s

-- name: delete_superseded_at
delete from observation_superseded where series_id = %s and at = %s

-- name: find_instance
-- Where an instance stands: where it was moved to, or at its first time unless another one took that place.
select case
        when m.series_id is not null then m.at
        when %(generation)s = (
            select count(*) from observation_moved o
            where o.series_id = %(series)s and o.origin = %(origin)s
        ) then %(origin)s::timestamptz
    end
from (select 1) as one
left join observation_moved m
    on m.series_id = %(series)s and m.origin = %(origin)s and m.generation = %(generation)s

-- name: stands_at
select exists (select from observation where series_id = %s and at = %s)

-- name: note_move
insert into observation_moved (series_id, origin, generation, at)
values (%s, %s, %s, %s)
on conflict (series_id, origin, generation) do update set at = excluded.at

-- name: supersede
insert into observation_superseded
    (series_id, at, has_observed_at, value, body, recorded_at, superseded_at, superseded_by, reason)
select series_id, at, has_observed_at, value, body, coalesce(modified_at, recorded_at), %(now)s, %(author)s,
    'corrected'
from observation
where series_id = %(series)s and at = %(former)s

-- name: replace
-- Deleted and written anew, since its time may lie in another chunk.
with former as (
    delete from observation where series_id = %(series)s and at = %(former)s
    returning recorded_at
)
insert into observation (series_id, at, has_observed_at, value, body, recorded_at, modified_at, deleted_at)
select %(series)s, %(at)s, %(observed)s, %(value)s, %(body)s::jsonb, recorded_at, %(now)s, %(deleted)s
from former
