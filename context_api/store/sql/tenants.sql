-- name: find_tenant
select id from tenant where name = %s

-- name: create_tenant
insert into tenant (name) values (%s) on conflict (name) do nothing
