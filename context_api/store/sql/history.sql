-- name: insert_observations
-- Gives the positions (from 1) of those whose (series_id, at) was taken.
with given as materialized (
    select *
    from unnest(%s::integer[], %s::timestamptz[], %s::boolean[], %s::float8[], %s::jsonb[], %s::timestamptz[],
        %s::timestamptz[]) with ordinality
        as g (series_id, at, has_observed_at, value, body, recorded_at, deleted_at, position)
),
inserted as (
    insert into observation (series_id, at, has_observed_at, value, body, recorded_at, deleted_at)
    select series_id, at, has_observed_at, value, body, recorded_at, deleted_at from given
    on conflict (series_id, at) do nothing
    returning series_id, at
)
select position
from given
where not exists (select from inserted i where i.series_id = given.series_id and i.at = given.at)

-- name: insert_first_observations
-- Of series that this transaction made, or newer than what there is. In order, an index takes them in half the time.
insert into observation (series_id, at, has_observed_at, value, body, recorded_at, deleted_at)
select *
from unnest(%s::integer[], %s::timestamptz[], %s::boolean[], %s::float8[], %s::jsonb[], %s::timestamptz[],
    %s::timestamptz[]) as g (series_id, at, has_observed_at, value, body, recorded_at, deleted_at)
order by series_id, at

-- name: get_observations
select o.series_id, o.at, o.has_observed_at, o.value, o.body, coalesce(o.modified_at, o.recorded_at), o.deleted_at
from unnest(%s::integer[], %s::timestamptz[]) as g (series_id, at)
join observation o on o.series_id = g.series_id and o.at = g.at

-- name: keep_superseded
insert into observation_superseded
    (series_id, at, has_observed_at, value, body, recorded_at, superseded_at, superseded_by, reason)
select *
from unnest(%s::integer[], %s::timestamptz[], %s::boolean[], %s::float8[], %s::jsonb[], %s::timestamptz[],
    %s::timestamptz[], %s::text[], %s::text[])

-- name: correct_observations
-- The bounds, though implied, let TimescaleDB decompress no more than is touched.
update observation o
set has_observed_at = g.has_observed_at, value = g.value, body = g.body, modified_at = g.modified_at,
    deleted_at = g.deleted_at
from unnest(%s::integer[], %s::timestamptz[], %s::boolean[], %s::float8[], %s::jsonb[], %s::timestamptz[],
    %s::timestamptz[]) as g (series_id, at, has_observed_at, value, body, modified_at, deleted_at)
where o.series_id = g.series_id and o.at = g.at
    and o.series_id = any(%s::integer[]) and o.at between %s and %s
