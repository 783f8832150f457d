-- What a town says of the data of an entity type: purpose, licence, small counts.

-- name: list_statements
select type, title_ja, title_en, purpose_ja, purpose_en, licence, licence_url, attribution, counts, smallest_count
from type_policy
where tenant_id = %(tenant)s and (%(type)s::text is null or type = %(type)s)
order by type

-- name: put_statement
insert into type_policy (tenant_id, type, title_ja, title_en, purpose_ja, purpose_en, licence, licence_url, attribution,
    counts, smallest_count, modified_by)
values (%(tenant)s, %(type)s, %(title_ja)s, %(title_en)s, %(purpose_ja)s, %(purpose_en)s, %(licence)s, %(licence_url)s,
    %(attribution)s, %(counts)s, %(smallest_count)s, %(by)s)
on conflict (tenant_id, type) do update
set title_ja = excluded.title_ja, title_en = excluded.title_en, purpose_ja = excluded.purpose_ja,
    purpose_en = excluded.purpose_en, licence = excluded.licence, licence_url = excluded.licence_url,
    attribution = excluded.attribution, counts = excluded.counts, smallest_count = excluded.smallest_count,
    modified_by = excluded.modified_by, modified_at = now()

-- name: count_statements
select count(*) from type_policy where tenant_id = %s
