-- Registered devices and gateways, their credentials, and how far the broker has caught up with them.

create table device (
    tenant_id integer not null references tenant (id),
    id text not null check (id ~ '^[A-Za-z0-9_.-]{1,64}$'), -- safe in topics, user names and URNs
    kind smallint not null, -- 0 device, 1 gateway
    profile text, -- null for a gateway
    adapter text not null,
    entity_id text, -- null for a gateway
    name text,
    location jsonb, -- GeoJSON
    static jsonb not null default '{}', -- {term: value}
    expected_interval_s double precision,
    application text, -- a gateway's: the topics v3/{application}/devices/… are its own
    gateway_id text, -- the gateway that speaks for this device
    gateway_device text, -- the name the gateway has for it
    created_at timestamptz not null default now(),
    modified_at timestamptz not null default now(),
    retired_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, gateway_id) references device (tenant_id, id)
);
comment on table device is 'Devices and gateways; a retired one keeps its row, since its entity and history stay';
create unique index device_application on device (application) where application is not null and retired_at is null;
create unique index device_behind_gateway on device (tenant_id, gateway_id, gateway_device)
    where gateway_id is not null and retired_at is null;

create table device_credential (
    id bigint generated always as identity primary key,
    tenant_id integer not null,
    device_id text not null,
    username text not null,
    verifier bytea not null, -- keyed hash, for checks of our own
    broker_hash text not null, -- as mosquitto's password file wants it
    created_at timestamptz not null default now(),
    revoked_at timestamptz,
    foreign key (tenant_id, device_id) references device (tenant_id, id)
);
create index device_credential_valid on device_credential (username, id) where revoked_at is null;

-- Each change of credentials makes a new generation; the broker's files carry its number, and whoever runs the
-- broker reports which one it has loaded.
create table broker_generation (
    only_row boolean primary key default true check (only_row),
    generation bigint not null default 0,
    applied bigint not null default 0,
    applied_at timestamptz
) with (fillfactor = 10);
insert into broker_generation default values;
