-- name: share_epoch
select pg_advisory_xact_lock_shared(%s, %s)

-- name: get_epoch
-- A statement of its own: its snapshot must be younger than the lock.
select epoch from tenant where id = %s

-- name: lock_entities
select id, xmin from entity where tenant_id = %s and id = any(%s) order by id for update

-- name: get_entities
-- Of rows that are locked already.
select id, types, scopes, fixed, live, removed, created_at, modified_at, expires_at
from entity
where tenant_id = %s and id = any(%s)

-- name: lock_creation
select pg_advisory_xact_lock(%s, bucket) from unnest(%s::integer[]) as bucket

-- name: get_tombstones
select entity_id, deleted_at from tombstone where tenant_id = %s and entity_id = any(%s)

-- name: begin_changes
select pg_current_xact_id()::xid, (select array_agg(nextval('change_seq')) from generate_series(1, %s::integer))
