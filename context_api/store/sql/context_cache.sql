-- name: find_document
select document from context_document where url = %(url)s;

-- name: save_document
insert into context_document (url, document) values (%(url)s, %(document)s)
on conflict (url) do update set document = excluded.document, fetched_at = now();

-- name: evict_documents
delete from context_document where url in (
    select url from context_document order by fetched_at desc, url offset %(keep)s
);
