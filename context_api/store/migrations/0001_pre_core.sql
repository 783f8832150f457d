-- The context, its history and what hangs on them. Every table lives in the schema machi (set by the migrator).

create table tenant (
    id integer generated always as identity primary key,
    name text not null unique,
    epoch bigint not null default 0, -- bumped with every change of the tenant's subscriptions
    created_at timestamptz not null default now()
);
comment on table tenant is 'One row per NGSILD-Tenant; the default tenant always exists';
insert into tenant (name) values ('default');

-- Expanded names are long and few: documents name them by number. Terms are never deleted.
create table term (
    id integer generated always as identity primary key,
    iri text not null unique
);

-- The current state. `live` holds the attributes that carry observedAt, `fixed` the others: a sensor's update
-- rewrites the small part only. Documents are {term id: [instance, …]}, see docs/decisions/0001-entity-layout.md.
create table entity (
    tenant_id integer not null references tenant (id),
    id text not null,
    types integer[] not null,
    scopes text[] not null default '{}',
    fixed jsonb not null default '{}',
    live jsonb not null default '{}',
    removed jsonb, -- tombstones: {"e": when the entity was deleted before, "a": {term id: {datasetId: when}}}
    bounds box, -- around all its geometries, for the index; the exact predicate is shapely's
    created_at timestamptz not null,
    modified_at timestamptz not null,
    expires_at timestamptz,
    primary key (tenant_id, id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, toast_tuple_target = 4080);
create index entity_bounds on entity using gist (bounds) where bounds is not null;
create index entity_expires on entity (expires_at) where expires_at is not null;

-- Which entities have a type or an attribute: ordered for keyset pages, distinct for discovery.
create table entity_type (
    tenant_id integer not null,
    type_id integer not null,
    entity_id text not null,
    primary key (tenant_id, type_id, entity_id)
);
create table entity_attribute (
    tenant_id integer not null,
    attribute_id integer not null,
    entity_id text not null,
    primary key (tenant_id, attribute_id, entity_id)
);

-- When an entity was deleted: older readings go to history only.
create table tombstone (
    tenant_id integer not null,
    entity_id text not null,
    deleted_at timestamptz not null,
    primary key (tenant_id, entity_id)
);

-- History. A series outlives its entity.
create table series (
    id integer generated always as identity primary key,
    tenant_id integer not null references tenant (id),
    entity_id text not null,
    attribute_id integer not null references term (id),
    dataset_id text not null default '',
    kind smallint not null,
    unit_code text,
    types integer[] not null, -- the entity's types when the series began
    created_at timestamptz not null default now(),
    unique (tenant_id, entity_id, attribute_id, dataset_id)
);

create table observation (
    series_id integer not null,
    at timestamptz not null, -- observedAt, else modifiedAt
    has_observed_at boolean not null default true,
    value double precision,
    body jsonb, -- whatever value and series cannot give back exactly
    recorded_at timestamptz not null,
    modified_at timestamptz, -- null: never modified since recorded_at
    deleted_at timestamptz,
    unique (series_id, at)
);

-- Same time, other content: the later one stands, the former is kept here.
create table observation_superseded (
    series_id integer not null,
    at timestamptz not null,
    has_observed_at boolean not null,
    value double precision,
    body jsonb,
    recorded_at timestamptz not null,
    superseded_at timestamptz not null,
    superseded_by text not null, -- device or key
    reason text not null
);
create index observation_superseded_series on observation_superseded (series_id, at);

create table subscription (
    key bigint generated always as identity primary key,
    tenant_id integer not null references tenant (id),
    id text not null,
    document jsonb not null, -- as the partner gave it, names expanded where the matching needs them
    context jsonb not null, -- the @context of the creating request
    is_active boolean not null default true,
    status_reason text,
    created_at timestamptz not null default now(),
    modified_at timestamptz not null default now(),
    expires_at timestamptz,
    unique (tenant_id, id)
);

-- matched = delivered + coalesced + waiting + dead_lettered + cancelled
create table subscription_counter (
    subscription_key bigint primary key references subscription (key) on delete cascade,
    matched bigint not null default 0,
    delivered bigint not null default 0,
    coalesced bigint not null default 0,
    dead_lettered bigint not null default 0,
    cancelled bigint not null default 0,
    times_sent bigint not null default 0,
    times_failed bigint not null default 0,
    last_notification timestamptz,
    last_success timestamptz,
    last_failure timestamptz,
    last_error text
) with (fillfactor = 50);

-- One row per committed change, with the resulting entity. Readers stop at pg_snapshot_xmin: a sequence number is
-- visible only after all smaller ones.
create sequence change_seq;
create table change (
    seq bigint not null default nextval('change_seq'),
    day date not null,
    tenant_id integer not null,
    entity_id text not null,
    at timestamptz not null,
    xid xid8 not null default pg_current_xact_id(),
    trigger smallint not null, -- bits of Trigger
    attributes integer[] not null, -- the attributes it created, updated or deleted
    document bytea not null, -- JSON, see codec.ChangeDocument; no jsonb, since nobody looks into it by SQL
    replayed boolean not null default false,
    primary key (day, seq)
) partition by range (day);
-- Read once or never, so neither parsed nor compressed on the way in (see also partitions.py).
alter table change alter column document set storage external;
create table change_default partition of change default with (toast_tuple_target = 8160);
alter table change_default alter column document set storage external;

create sequence outbox_id;
create table outbox (
    id bigint not null default nextval('outbox_id'),
    day date not null,
    subscription_key bigint not null,
    tenant_id integer not null,
    entity_id text not null,
    change_day date not null,
    change_seq bigint not null,
    trigger smallint not null, -- the bits that matched
    state smallint not null default 0, -- 0 waiting, 1 delivered, 2 dead-lettered, 3 cancelled, 4 coalesced
    attempts integer not null default 0,
    last_error text,
    created_at timestamptz not null default now(),
    settled_at timestamptz,
    primary key (day, id)
) partition by range (day);
create table outbox_default partition of outbox default;
create index outbox_waiting on outbox (subscription_key, entity_id, id) where state = 0;
create index outbox_dead on outbox (subscription_key, id) where state = 2;

-- The head of each (subscription, entity) queue: what a notifier leases.
create table delivery_queue (
    subscription_key bigint not null,
    entity_id text not null,
    due_at timestamptz not null,
    leased_until timestamptz,
    lease uuid,
    attempts integer not null default 0,
    primary key (subscription_key, entity_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
create index delivery_queue_due on delivery_queue (due_at);

-- received = stored + duplicate + corrected + ignored + quarantined, in messages and in values
create table device_counter (
    tenant_id integer not null,
    device_id text not null,
    messages_received bigint not null default 0,
    messages_stored bigint not null default 0,
    messages_duplicate bigint not null default 0,
    messages_corrected bigint not null default 0,
    messages_ignored bigint not null default 0,
    messages_quarantined bigint not null default 0,
    values_received bigint not null default 0,
    values_stored bigint not null default 0,
    values_duplicate bigint not null default 0,
    values_corrected bigint not null default 0,
    values_ignored bigint not null default 0,
    values_quarantined bigint not null default 0,
    values_late bigint not null default 0,
    possible_repeats bigint not null default 0,
    last_seen timestamptz,
    primary key (tenant_id, device_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

create sequence quarantine_id;
create table quarantine (
    id bigint not null default nextval('quarantine_id'),
    day date not null,
    tenant_id integer not null,
    device_id text not null, -- '' where the topic names none that is known
    topic text not null,
    payload bytea not null,
    payload_size integer not null, -- the payload kept may be cut
    reason text not null,
    detail text not null,
    arrived_at timestamptz not null,
    replayed_at timestamptz,
    primary key (day, id)
) partition by range (day);
create table quarantine_default partition of quarantine default;
create index quarantine_tenant on quarantine (tenant_id, id);

-- The last message without a time that each packet id of a session carried: recognises its redelivery.
create table receipt (
    session text not null,
    packet_id integer not null,
    payload_hash bytea not null,
    arrived_at timestamptz not null,
    primary key (session, packet_id)
) with (fillfactor = 50);
create index receipt_arrived on receipt (arrived_at);
