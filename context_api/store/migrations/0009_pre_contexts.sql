-- @contexts as resources (clause 5.13): those that tenants host, and which of the cached ones each has used.

alter table context_document add column expires_at timestamptz; -- when to fetch it anew; null: unknown
comment on column context_document.expires_at is 'Afterwards it still serves until it has been fetched anew';

create table context_use (
    tenant_id integer not null references tenant (id),
    url text not null references context_document (url) on delete cascade,
    local_id uuid not null unique default gen_random_uuid(),
    created_at timestamptz not null default now(),
    used_at timestamptz not null default now(),
    primary key (tenant_id, url)
);
comment on table context_use is 'The cached @contexts of a tenant: what it lists, describes and deletes';

create table hosted_context (
    local_id uuid primary key default gen_random_uuid(),
    tenant_id integer not null references tenant (id),
    kind text not null check (kind in ('Hosted', 'ImplicitlyCreated')),
    document text not null, -- an object with the member @context
    digest bytea, -- of one that was created implicitly: the same value is kept once
    created_at timestamptz not null default now(),
    unique (tenant_id, digest)
);
create index hosted_context_tenant on hosted_context (tenant_id, created_at);
