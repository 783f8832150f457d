-- name: find_membership
select o.id, o.name, o.kind, o.every_tenant,
    array(
        select t.name from organisation_tenant b join tenant t on t.id = b.tenant_id
        where b.organisation_id = o.id order by t.name
    )
from organisation o
where o.name = %(name)s and (%(any)s or o.disabled_at is null);

-- name: find_tenants
select name, id from tenant where name = any(%(names)s);
