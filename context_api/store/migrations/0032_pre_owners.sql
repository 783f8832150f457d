-- Whose subscriptions, registrations and alarm rules are: what is told to them is what their owner may see.

-- 1 is the town, whose administrators made all there are. The role is that of whoever made it: members of one
-- organisation may see different things.
alter table subscription
    add column organisation_id integer not null default 1 references organisation (id),
    add column owner_role text not null default 'administrator';
alter table registration
    add column organisation_id integer not null default 1 references organisation (id),
    add column owner_role text not null default 'administrator';
alter table alarm_rule
    add column organisation_id integer not null default 1 references organisation (id),
    add column owner_role text not null default 'administrator';
create index subscription_organisation on subscription (organisation_id, tenant_id);

-- An organisation that is disabled, or is no longer in a tenant, is notified of nothing there: its subscriptions rest.
create function subscriptions_rest(organisation_id integer, tenant_id integer) returns boolean
    language sql stable set search_path = machi, pg_temp as $$
    select o.disabled_at is not null or not (
        o.every_tenant or exists (
            select from machi.organisation_tenant t where t.organisation_id = o.id and t.tenant_id = $2
        )
    )
    from machi.organisation o where o.id = $1
$$;
comment on function subscriptions_rest is 'Whether nothing is told to an organisation in a tenant, whatever is granted';

-- Writers share the lock of the epoch until they commit (see subscriptions.py), so each change is matched either
-- before or after.
create function rest_subscriptions() returns trigger language plpgsql set search_path = machi, pg_temp as $$
declare
    owner integer;
    touched integer;
begin
    if tg_table_name = 'organisation' then
        owner := new.id;
    else
        owner := coalesce(new.organisation_id, old.organisation_id);
    end if;
    for touched in
        select distinct s.tenant_id from machi.subscription s where s.organisation_id = owner order by 1
    loop
        perform pg_advisory_xact_lock(1, touched);
        update machi.tenant set epoch = epoch + 1 where id = touched;
    end loop;
    return null;
end
$$;
create trigger organisation_rests after update of disabled_at, every_tenant on organisation
    for each row execute function rest_subscriptions();
create trigger organisation_tenant_rests after insert or update or delete on organisation_tenant
    for each row execute function rest_subscriptions();
