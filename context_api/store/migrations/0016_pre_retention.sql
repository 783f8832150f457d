-- How long history is kept, by tenant and entity type. Without a row nothing is ever dropped.
create table retention (
    tenant_id integer not null references tenant (id),
    type_id integer not null references term (id),
    raw_days integer check (raw_days > 0), -- null: for ever
    keep_aggregates boolean not null default true, -- of the values that were dropped
    compress_days integer check (compress_days > 0), -- null: as the database has it by default
    modified_at timestamptz not null default now(),
    values_dropped bigint not null default 0,
    aggregates_dropped bigint not null default 0,
    last_drop timestamptz,
    primary key (tenant_id, type_id)
);

-- Values of a series before this time were dropped; what there was tell the aggregates, if they were kept.
alter table series add column raw_from timestamptz;
