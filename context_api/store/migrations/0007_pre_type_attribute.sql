-- Which attributes, of which kinds, entities of a type have had: a dictionary that only grows, written when a
-- combination is new. Discovery asks for each combination whether there is an entity that has it now.
create table type_attribute (
    tenant_id integer not null references tenant (id),
    type_id integer not null,
    attribute_id integer not null,
    kind smallint not null,
    primary key (tenant_id, type_id, attribute_id, kind)
);

insert into type_attribute (tenant_id, type_id, attribute_id, kind)
select distinct e.tenant_id, type_id, attribute.key::integer, coalesce((instance ->> 'k')::smallint, 0)
from entity e
cross join unnest(e.types) as type_id
cross join jsonb_each(e.fixed || e.live) as attribute
cross join jsonb_array_elements(attribute.value) as instance;
