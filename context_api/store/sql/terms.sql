-- name: find_terms
select id, iri from term where iri = any(%s)

-- name: create_terms
insert into term (iri) select unnest(%s::text[]) on conflict (iri) do nothing

-- name: get_terms
-- The asked ones and, because a process that misses one is new and will miss more, the first others.
select id, iri from term where id = any(%s)
union
(select id, iri from term order by id limit %s)
