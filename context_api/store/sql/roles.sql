-- The groups of database users: writers and outward readers. Names stand in braces, filled in as identifiers.

-- name: has_role
select exists (select from pg_roles where rolname = %s)

-- name: grant_writer
grant connect, temporary on database {database} to {writer};
grant usage on schema {schema} to {writer};
grant select, insert, update, delete on all tables in schema {schema} to {writer};
grant usage, select on all sequences in schema {schema} to {writer};
revoke insert, update, delete on {schema}.migration from {writer};

-- name: protect_audit
select machi.audit_protect(%s)

-- name: list_tables
select c.relname::text
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'machi' and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition

-- name: grant_outward
grant connect on database {database} to {outward};
grant usage on schema {schema} to {outward};
revoke all on all tables in schema {schema} from {outward};
grant select on {tables} to {outward}
