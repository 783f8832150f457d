-- name: beat
with old as (
    delete from process_heartbeat
    where process = %(process)s and instance <> %(instance)s and at < now() - interval '1 hour'
)
insert into process_heartbeat (process, instance, ready, detail, at, started_at, version, figures)
values (%(process)s, %(instance)s, %(ready)s, %(detail)s, now(), %(started_at)s, %(version)s, %(figures)s)
on conflict (process, instance) do update
set ready = excluded.ready, detail = excluded.detail, at = excluded.at, started_at = excluded.started_at,
    version = excluded.version, figures = excluded.figures;

-- name: list_heartbeats
select process, instance, ready, detail, extract(epoch from now() - at)::float8 as age_s, started_at, version, figures
from process_heartbeat order by process, instance;

-- name: forget
delete from process_heartbeat where process = %(process)s and instance = %(instance)s;
