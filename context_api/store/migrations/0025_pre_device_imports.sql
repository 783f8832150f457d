-- Registering many devices from one file: what was sent, how each row was judged, and how far the work is.

create table device_import (
    id bigint generated always as identity primary key,
    tenant_id integer not null references tenant (id),
    state text not null
        check (state in ('checked', 'refused', 'waiting', 'registering', 'provisioning', 'done')),
    file_name text, -- a label for people, never a path
    principal text not null, -- who sent it
    is_partial boolean not null,
    report jsonb not null, -- bounded: how the file was read, and what is wrong with it
    created_at timestamptz not null default now(),
    started_at timestamptz,
    registered_at timestamptz,
    finished_at timestamptz,
    credential_salt bytea, -- with the installation's secret it gives the passwords; null: they cannot be had (any more)
    credentials_until timestamptz,
    credentials_fetched_at timestamptz,
    credentials_fetched_by text
);
create index device_import_tenant on device_import (tenant_id, id);
create index device_import_open on device_import (id) where state in ('waiting', 'registering', 'provisioning');
create index device_import_secret on device_import (credentials_until) where credential_salt is not null;

create table device_import_row (
    import_id bigint not null references device_import (id) on delete cascade,
    number integer not null, -- as a spreadsheet counts: the header is 1
    position integer not null, -- the order in which rows are carried out: gateways first
    device_id text not null,
    given jsonb, -- the members that the file gives; null once the row is done
    plan text check (plan in ('create', 'update')), -- written before it is carried out, so that a restart can tell
    outcome text check (outcome in ('created', 'updated', 'unchanged', 'failed')), -- null: not yet
    fault jsonb, -- of a row that failed when it was carried out
    generation bigint, -- of the credentials it made
    primary key (import_id, number)
);
create index device_import_row_open on device_import_row (import_id, position) where outcome is null;
