-- Quarantine that can be replayed, devices that wait for approval, and watching over those that are registered.

alter table quarantine
    add column value_count integer not null default 0, -- its values that are counted as quarantined
    add column is_whole boolean not null default true, -- false: a part of the message was stored
    add column retained boolean not null default false,
    add column outcome text; -- what a replay made of it: stored, duplicate, corrected, ignored
create index quarantine_device on quarantine (tenant_id, device_id, id);

-- What left the quarantine without having been replayed, and why: age, count, bytes, discarded.
create table quarantine_dropped (
    tenant_id integer not null,
    reason text not null,
    cause text not null,
    messages bigint not null default 0,
    bytes bigint not null default 0,
    last_at timestamptz not null default now(),
    primary key (tenant_id, reason, cause)
);

-- On what terms unknown devices of a gateway may wait for approval.
create table device_group (
    tenant_id integer not null,
    gateway_id text not null,
    profile text, -- for those that are approved without naming another
    prefix text not null default '', -- of the names that may wait
    max_devices integer not null check (max_devices > 0),
    expires_at timestamptz,
    created_at timestamptz not null default now(),
    modified_at timestamptz not null default now(),
    primary key (tenant_id, gateway_id),
    foreign key (tenant_id, gateway_id) references device (tenant_id, id)
);

-- Those that wait, and what was decided. Their messages are in the quarantine, under `{gateway}/{name}`.
create table device_waiting (
    tenant_id integer not null,
    gateway_id text not null,
    name text not null, -- the gateway's name for it
    state text not null default 'waiting' check (state in ('waiting', 'approved', 'rejected')),
    device_id text, -- once approved
    messages bigint not null default 0, -- kept
    bytes bigint not null default 0,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    decided_at timestamptz,
    decided_by text,
    primary key (tenant_id, gateway_id, name),
    foreign key (tenant_id, gateway_id) references device_group (tenant_id, gateway_id) on delete cascade
) with (fillfactor = 70);

-- What the watch over devices knows of each: planned maintenance, what is raised, and the counters of its last look.
create table device_watch (
    tenant_id integer not null,
    device_id text not null,
    maintenance_until timestamptz, -- no alarm before
    maintenance_reason text,
    raised text[] not null default '{}', -- kinds of alerts that are open
    looked_at timestamptz,
    messages_received bigint not null default 0,
    messages_quarantined bigint not null default 0,
    values_received bigint not null default 0,
    values_quarantined bigint not null default 0,
    primary key (tenant_id, device_id),
    foreign key (tenant_id, device_id) references device (tenant_id, id)
) with (fillfactor = 70);

-- Until when nothing could come in: silence before that is nobody's fault.
create table liveness_sight (
    only_row boolean primary key default true check (only_row),
    looked_at timestamptz,
    blind_until timestamptz,
    blind_reason text
) with (fillfactor = 10);
insert into liveness_sight default values;

-- What makes a device faulty: values that are stuck, jump or lie out of range.
create table health_rule (
    tenant_id integer not null references tenant (id),
    id text not null check (id ~ '^[A-Za-z0-9_.-]{1,64}$'),
    document jsonb not null,
    created_at timestamptz not null default now(),
    modified_at timestamptz not null default now(),
    primary key (tenant_id, id)
);
