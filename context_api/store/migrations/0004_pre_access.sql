-- Who may come in by HTTP, which @contexts were fetched, and which processes are alive.

create table api_key (
    prefix text primary key, -- the part of the key that is shown and logged
    hash bytea not null, -- blake2b of the whole key, keyed with the installation's secret
    role text not null check (role in ('administrator')),
    label text not null default '',
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);
comment on table api_key is 'Keys of the HTTP API; the keys themselves are not kept';

-- Remote @contexts as they were fetched, by URL; one fetch serves all processes and restarts.
create table context_document (
    url text primary key,
    document text not null,
    fetched_at timestamptz not null default now()
);

create table process_heartbeat (
    process text not null,
    instance text not null,
    ready boolean not null,
    detail text not null default '',
    at timestamptz not null,
    primary key (process, instance)
) with (fillfactor = 50);
comment on table process_heartbeat is 'Written every two seconds by each process; /readyz reads it';
