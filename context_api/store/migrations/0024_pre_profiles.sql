-- Profiles that a town writes for itself, every version of them, and what devices sent that broke a rule of one.

create table profile (
    tenant_id integer not null references tenant (id),
    name text not null check (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    latest integer not null, -- goes on counting after a deletion, so that a version is one document for ever
    created_at timestamptz not null default now(),
    modified_at timestamptz not null default now(),
    deleted_at timestamptz,
    primary key (tenant_id, name)
);

create table profile_version (
    tenant_id integer not null,
    name text not null,
    version integer not null,
    document jsonb not null, -- as it is served, without name and version
    created_at timestamptz not null default now(),
    created_by text not null,
    primary key (tenant_id, name, version),
    foreign key (tenant_id, name) references profile (tenant_id, name)
);

-- One row per device, attribute and kind of fault: counted in the transaction of the message.
create table profile_finding (
    tenant_id integer not null,
    device_id text not null,
    attribute text not null, -- as the profile names it
    reason text not null, -- out-of-range, unknown-word, model-violation
    found bigint not null, -- values
    first_at timestamptz not null,
    last_at timestamptz not null,
    last_detail text not null,
    primary key (tenant_id, device_id, attribute, reason)
) with (fillfactor = 70);
