-- name: lock_tenant
-- One writer at a time, so that the limit holds.
select id from tenant where id = %s for no key update

-- name: count_hosted
select count(*) from hosted_context where tenant_id = %s

-- name: add_hosted
insert into hosted_context (tenant_id, kind, document, digest) values (%s, %s, %s, %s)
on conflict (tenant_id, digest) do update set digest = excluded.digest
returning local_id::text

-- name: find_implicit
select local_id::text from hosted_context where tenant_id = %s and digest = %s

-- name: find_hosted_document
select h.document
from hosted_context h
join tenant t on t.id = h.tenant_id
where h.local_id = %s::uuid and (t.name = %s or %s::text is null)

-- name: list_entries
select local_id::text, kind, null as url, created_at, null::timestamptz as used_at, null::timestamptz as expires_at
from hosted_context
where tenant_id = %s
union all
select u.local_id::text, 'Cached', u.url, u.created_at, u.used_at, d.expires_at
from context_use u
join context_document d on d.url = u.url
where u.tenant_id = %s
order by 4, 1

-- name: find_by_id
select local_id::text, kind, null as url, created_at, null::timestamptz as used_at, null::timestamptz as expires_at
from hosted_context
where tenant_id = %s and local_id = %s::uuid
union all
select u.local_id::text, 'Cached', u.url, u.created_at, u.used_at, d.expires_at
from context_use u
join context_document d on d.url = u.url
where u.tenant_id = %s and u.local_id = %s::uuid

-- name: find_by_url
select u.local_id::text, 'Cached', u.url, u.created_at, u.used_at, d.expires_at
from context_use u
join context_document d on d.url = u.url
where u.tenant_id = %s and u.url = %s

-- name: delete_hosted
delete from hosted_context where tenant_id = %s and local_id = %s::uuid

-- name: forget_use
delete from context_use where tenant_id = %s and url = %s

-- name: drop_unused
delete from context_document d where d.url = %s and not exists (select from context_use u where u.url = d.url)

-- name: note_uses
insert into context_use (tenant_id, url)
select t.id, d.url from tenant t join context_document d on d.url = any(%s) where t.name = %s order by d.url
on conflict (tenant_id, url) do update set used_at = now()

-- name: notify_changed
select pg_notify('machi_contexts', %s)
