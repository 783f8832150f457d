-- Histories of their own: entities that are known by their history only, and what history knows besides values.

-- Written by the temporal API only: a history may begin before its entity, outlive it, or have no entity at all.
create table temporal_entity (
    tenant_id integer not null references tenant (id),
    id text not null,
    types integer[] not null, -- as they were given, in that order
    created_at timestamptz not null,
    modified_at timestamptz not null,
    expires_at timestamptz, -- as it was given; a history does not end with it
    primary key (tenant_id, id)
);

-- The types that a history has besides those its entity has now (entity_type): given through the temporal API, or
-- had by the entity before it was deleted or replaced. Ordered for keyset pages.
create table temporal_type (
    tenant_id integer not null,
    type_id integer not null,
    entity_id text not null,
    primary key (tenant_id, type_id, entity_id)
);
create index temporal_type_entity on temporal_type (tenant_id, entity_id);

create function keep_former_types() returns trigger language plpgsql as $$
begin
    insert into machi.temporal_type (tenant_id, type_id, entity_id)
    select tenant_id, type_id, entity_id from gone
    on conflict do nothing;
    return null;
end
$$;
create trigger entity_type_gone after delete on entity_type
    referencing old table as gone for each statement execute function keep_former_types();

insert into temporal_type (tenant_id, type_id, entity_id)
select distinct s.tenant_id, t.type_id, s.entity_id
from series s
cross join lateral unnest(s.types) as t (type_id)
where not exists (select from entity e where e.tenant_id = s.tenant_id and e.id = s.entity_id);

-- Queries of histories by attribute, where nothing else selects them.
create index series_attribute on series (tenant_id, attribute_id, entity_id);

-- An instance keeps its id, which holds its original time, when a correction gives it another time. The first that
-- left a time is generation 0 of it; one that came to stand there later is the next generation.
create table observation_moved (
    series_id integer not null,
    origin timestamptz not null,
    generation integer not null,
    at timestamptz, -- where it stands now; null: it was deleted, and its id is not given again
    primary key (series_id, origin, generation)
);
create unique index observation_moved_at on observation_moved (series_id, at);
