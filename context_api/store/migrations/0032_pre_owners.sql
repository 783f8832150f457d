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

-- An organisation that is disabled is notified of nothing: its subscriptions rest. Writers share the lock of the epoch
-- until they commit (see subscriptions.py), so each change is matched either before or after.
create function rest_subscriptions() returns trigger language plpgsql set search_path = machi, pg_temp as $$
declare
    tenant integer;
begin
    for tenant in
        select distinct s.tenant_id from machi.subscription s where s.organisation_id = new.id order by 1
    loop
        perform pg_advisory_xact_lock(1, tenant);
        update machi.tenant set epoch = epoch + 1 where id = tenant;
    end loop;
    return null;
end
$$;
create trigger organisation_rests after update of disabled_at on organisation
    for each row when ((old.disabled_at is null) <> (new.disabled_at is null)) execute function rest_subscriptions();
