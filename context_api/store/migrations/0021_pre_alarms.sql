-- Alarm rules, and where each entity stands with each of them. The Alert itself is an entity like any other.

create table alarm_rule (
    tenant_id integer not null references tenant (id),
    id text not null,
    document jsonb not null, -- as it is served
    created_at timestamptz not null default now(),
    modified_at timestamptz not null default now(),
    primary key (tenant_id, id)
);

create table alarm_state (
    tenant_id integer not null,
    rule_id text not null,
    entity_id text not null,
    phase text not null check (phase in ('normal', 'pending', 'raised')),
    since timestamptz not null,
    value double precision,
    at timestamptz not null, -- of the latest value
    location jsonb, -- of the entity, for its Alert
    due_at timestamptz, -- when a pending alarm is raised, if nothing changes before
    primary key (tenant_id, rule_id, entity_id),
    foreign key (tenant_id, rule_id) references alarm_rule (tenant_id, id) on delete cascade
) with (fillfactor = 70);
create index alarm_state_due on alarm_state (due_at) where due_at is not null;
