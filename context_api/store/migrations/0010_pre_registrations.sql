-- Context source registrations (clause 5.9): kept, discovered, and held against entities and each other.
create table registration (
    key bigint generated always as identity primary key,
    tenant_id integer not null references tenant (id),
    id text not null,
    document text not null, -- JSON with expanded names; no jsonb, since nobody looks into it by SQL
    is_proxied boolean not null, -- of the mode exclusive or redirect
    created_at timestamptz not null,
    modified_at timestamptz not null,
    expires_at timestamptz,
    unique (tenant_id, id)
);

-- What this installation calls itself towards other brokers (clause 5.15); every tenant's alias is made from it.
create table installation (
    id uuid not null default gen_random_uuid(),
    singleton boolean primary key default true check (singleton)
);
insert into installation default values;
