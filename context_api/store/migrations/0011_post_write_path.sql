-- A new entity cost a row and an index entry per attribute here, and two checks of foreign keys per series. Terms and
-- tenants are never deleted, so those keys guarded nothing; and each check locked the one row of the tenant.
alter table series drop constraint series_tenant_id_fkey, drop constraint series_attribute_id_fkey;
alter table entity drop constraint entity_tenant_id_fkey;

-- Which attributes an entity has: what entity_attribute said, in the entity's own row.
alter table entity add column attributes integer[] not null default '{}';
update entity e
set attributes = array(
    select a.attribute_id from entity_attribute a
    where a.tenant_id = e.tenant_id and a.entity_id = e.id
    order by a.attribute_id
);
create index entity_attributes on entity using gin (attributes);
drop table entity_attribute;
