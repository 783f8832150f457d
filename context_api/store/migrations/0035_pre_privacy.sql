-- What was erased, for whom and when: the proof holds counts and keyed hashes of ids, nothing of what it was about.

create table erasure (
    id bigint generated always as identity primary key,
    tenant_id integer not null references tenant (id),
    principal text not null,
    reason text not null,
    subjects bytea[] not null, -- keyed hashes of the entities' and devices' ids
    erased jsonb not null, -- {kind: how many}
    remaining jsonb not null, -- the same, counted afterwards
    at timestamptz not null,
    seal bytea not null -- keyed hash of all of it
);
create index erasure_tenant on erasure (tenant_id, id);
comment on table erasure is 'Proofs of deletion; see docs/en/privacy.md';

-- What a town says of the data of an entity type, beside what is personal in it (0033).
alter table type_policy
    add column title_ja text,
    add column title_en text,
    add column purpose_ja text, -- what it is collected for
    add column purpose_en text,
    add column licence text, -- null: the installation's
    add column licence_url text,
    add column attribution text,
    add column counts text[] not null default '{}', -- IRIs of the attributes that count people
    add column smallest_count integer check (smallest_count between 2 and 1000); -- the public sees no smaller ones
