-- Who may come in by HTTP, on whose behalf: organisations, the tenants they belong to, their keys and invitations.

create table organisation (
    id integer generated always as identity primary key,
    name text not null unique check (name ~ '^[a-z0-9](-?[a-z0-9]){0,62}$'), -- never changes: devices name it as owner
    name_ja text not null default '',
    name_en text not null default '',
    kind text not null check (kind in ('town', 'operator', 'partner', 'public')),
    every_tenant boolean not null default false, -- of those to come as well
    contact text not null default '',
    created_at timestamptz not null default now(),
    created_by text not null default 'system',
    modified_at timestamptz not null default now(),
    disabled_at timestamptz,
    disabled_by text
);
comment on table organisation is 'Whom keys, devices and subscriptions belong to; kept for good, at most disabled';
insert into organisation (id, name, name_ja, name_en, kind, every_tenant) overriding system value values
    (1, 'town', '市', 'The town', 'town', true),
    (2, 'public', '公開', 'The public', 'public', true);
select setval(pg_get_serial_sequence('organisation', 'id'), 2);

create table organisation_tenant (
    organisation_id integer not null references organisation (id),
    tenant_id integer not null references tenant (id),
    primary key (organisation_id, tenant_id)
);

-- The keys there are stay what they were: administrators of the whole installation.
alter table api_key
    drop constraint api_key_role_check,
    add constraint api_key_role_check check (role in ('administrator', 'staff', 'operator', 'partner', 'service')),
    add column organisation_id integer not null default 1 references organisation (id), -- 1 is the town
    add column tenants integer[], -- ids, fewer than the organisation's; null: all of them
    add column expires_at timestamptz,
    add column successor text references api_key (prefix), -- what it was rotated to
    add column last_used_at timestamptz,
    add column created_by text not null default 'system',
    add column revoked_by text;
create index api_key_organisation on api_key (organisation_id, created_at);

create table invitation (
    prefix text primary key, -- the part of the code that is shown and logged
    hash bytea not null, -- like that of a key
    organisation_id integer not null references organisation (id),
    role text not null check (role in ('administrator', 'staff', 'operator', 'partner', 'service')),
    tenants integer[],
    label text not null default '',
    key_days integer, -- how long the key will last; null: the installation's default
    created_at timestamptz not null default now(),
    created_by text not null,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    accepted_at timestamptz,
    key_prefix text references api_key (prefix) -- the key it was exchanged for
);
comment on table invitation is 'Codes that are exchanged, once, for a first key';
create index invitation_organisation on invitation (organisation_id, created_at);

-- Whatever changes a right, by whatever door, is told to every process at once. The payload is a key's prefix, or
-- empty where more than one key is touched. That a key was used is no change of a right.
create function tell_access() returns trigger language plpgsql set search_path = machi, pg_temp as $$
begin
    if tg_table_name = 'api_key' then
        perform pg_notify('machi_access', old.prefix);
    else
        perform pg_notify('machi_access', '');
    end if;
    return null;
end
$$;
create trigger api_key_changed after update of hash, role, organisation_id, tenants, expires_at, revoked_at or delete
    on api_key for each row execute function tell_access();
create trigger organisation_changed after update of kind, every_tenant, disabled_at or delete
    on organisation for each row execute function tell_access();
create trigger organisation_tenant_changed after insert or update or delete
    on organisation_tenant for each statement execute function tell_access();
