-- The roles that read a tenant's views by SQL.

-- name: get_reader
select t.sql_schema, t.sql_role, current_database(), coalesce(r.rolcanlogin, false)
from tenant t
left join pg_roles r on r.rolname = t.sql_role
where t.name = %s

-- name: make_role
select make_tenant_role(id) from tenant where name = %s

-- name: end_sessions
select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = %s and datname = current_database()
