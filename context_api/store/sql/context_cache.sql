-- name: find_document
select document from context_document where url = %(url)s;

-- name: find_expiry
select expires_at from context_document where url = %(url)s;

-- name: save_document
-- Who has built something on another text of it is told.
with former as (select document from context_document where url = %(url)s), saved as (
    insert into context_document (url, document, expires_at)
    values (%(url)s, %(document)s, now() + make_interval(secs => %(lifetime_s)s))
    on conflict (url) do update
    set document = excluded.document, fetched_at = now(), expires_at = excluded.expires_at
)
select pg_notify('machi_contexts', %(url)s) from former where former.document <> %(document)s;

-- name: postpone_expiry
update context_document set expires_at = now() + make_interval(secs => %(lifetime_s)s) where url = %(url)s;

-- name: evict_documents
delete from context_document where url in (
    select url from context_document order by fetched_at desc, url offset %(keep)s
);
