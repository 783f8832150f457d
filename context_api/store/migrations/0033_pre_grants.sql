-- What organisations, and single keys, are granted in a tenant, and what is personal there (decision 0014).

create table access_grant (
    id bigint generated always as identity primary key,
    tenant_id integer not null references tenant (id),
    organisation_id integer references organisation (id), -- to whom: one of the two
    key_prefix text references api_key (prefix) on delete cascade,
    operations text[] not null check (
        cardinality(operations) > 0 and operations <@ array['read', 'history', 'subscribe', 'write', 'delete']
    ),
    types text[] not null default '{}', -- IRIs; empty: all
    attributes text[] not null default '{}', -- IRIs; empty: all
    scopes text, -- a scope query; null: any scope, or none
    area jsonb, -- a GeoJSON geometry; null: anywhere, or nowhere
    valid_from timestamptz,
    valid_until timestamptz,
    history_from timestamptz, -- the earliest time of which data is shown
    personal boolean not null default false, -- attributes that are marked as personal too
    label text not null default '',
    created_at timestamptz not null default now(),
    created_by text not null default 'system',
    modified_at timestamptz not null default now(),
    check (num_nonnulls(organisation_id, key_prefix) = 1)
);
comment on table access_grant is 'Permissions; they add up, and what nobody granted is denied';
create index access_grant_organisation on access_grant (tenant_id, organisation_id) where organisation_id is not null;
create index access_grant_key on access_grant (tenant_id, key_prefix) where key_prefix is not null;

create table type_policy (
    tenant_id integer not null references tenant (id),
    type text not null, -- IRI
    personal text[] not null default '{}', -- IRIs of the attributes that are personal in entities of the type
    modified_at timestamptz not null default now(),
    modified_by text not null default 'system',
    primary key (tenant_id, type)
);
comment on table type_policy is 'What a town has settled about its data, by entity type';

-- Subscriptions are matched with the rights of their owners: writers share the lock of the epoch until they commit
-- (see subscriptions.py), so each change is matched either before or after. Readers are told as of any right (0030).
create function tell_rights() returns trigger language plpgsql set search_path = machi, pg_temp as $$
declare
    touched integer;
begin
    for touched in
        select distinct t from unnest(array[
            case when tg_op <> 'INSERT' then old.tenant_id end, case when tg_op <> 'DELETE' then new.tenant_id end
        ]) as t where t is not null order by t
    loop
        perform pg_advisory_xact_lock(1, touched);
        update machi.tenant set epoch = epoch + 1 where id = touched;
    end loop;
    perform pg_notify('machi_access', '');
    return null;
end
$$;
create trigger access_grant_changed after insert or update or delete on access_grant
    for each row execute function tell_rights();
create trigger type_policy_changed after insert or update or delete on type_policy
    for each row execute function tell_rights();
