-- Deliveries a partner can look into, repeat and catch up on; endpoints that rest after failures; timers; statistics.

-- Which endpoint a subscription leads to, without the address, which may hold a secret.
alter table subscription add column endpoint uuid
    generated always as (md5(document #>> '{notification,endpoint,uri}')::uuid) stored;
alter table subscription add column waiting_limit integer; -- null: the installation's
create index subscription_endpoint on subscription (endpoint);
create index subscription_periodic on subscription (key) where document ? 'interval_s';

alter table subscription_counter
    add column over_limit_at timestamptz, -- when more than its limit waited last
    add column not_kept bigint not null default 0; -- dead letters whose day was dropped

alter table outbox
    add column kind smallint not null default 0, -- 0 a change, 1 periodic (change_seq is 0)
    add column replayed boolean not null default false, -- sent again or caught up on: exempt from order
    add column replayed_at timestamptz,
    add column changed_at timestamptz, -- of the change, where `document` is kept here
    add column document bytea, -- the change's document, for rows that may outlive the change (dead letters)
    add column status smallint, -- HTTP status of the last answer
    add column duration_ms integer; -- of the last request
alter table outbox alter column document set storage external;

drop index outbox_dead;
create index outbox_settled on outbox (subscription_key, state, id) where state <> 0;

-- Endpoints whose last requests failed. From some failures on nobody calls before `open_until`, then one does.
create table delivery_circuit (
    endpoint uuid primary key,
    failures integer not null, -- in a row
    open_until timestamptz not null,
    since timestamptz not null default now()
) with (fillfactor = 50);

-- Periodic notifications (timeInterval): when the next one is due.
create table subscription_timer (
    subscription_key bigint primary key references subscription (key) on delete cascade,
    due_at timestamptz not null
) with (fillfactor = 50);
create index subscription_timer_due on subscription_timer (due_at);

-- What became of notifications, by hour. Kinds below 100 are steps of latency, see deliveries_counts.py.
create table delivery_stat (
    day date not null,
    subscription_key bigint not null,
    hour timestamptz not null,
    kind smallint not null,
    count bigint not null,
    primary key (day, subscription_key, hour, kind)
) partition by range (day);
create table delivery_stat_default partition of delivery_stat default;

-- What met a bound of a work table: counted, so that nothing goes without a trace.
create table bound_met (
    tenant_id integer not null,
    bound text not null,
    count bigint not null,
    last_at timestamptz not null,
    primary key (tenant_id, bound)
);
