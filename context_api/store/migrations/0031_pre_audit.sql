-- The audit trail: append-only, chained by hashes, one chain per tenant and one (0) of the installation
-- (docs/decisions/0016-audit-and-limits.md).
create table audit_head (
    chain integer primary key, -- a tenant's id; 0: the installation
    number bigint not null,
    at timestamptz not null,
    hash bytea not null
);
comment on table audit_head is 'The last entry of each chain; changed by the trigger of audit_entry alone';

-- `body` is the entry as it is hashed; the columns beside it repeat what it is searched by.
create table audit (
    at timestamptz not null, -- of the commit; never falls within a chain
    chain integer not null,
    number bigint not null, -- 1, 2, 3, … without gaps
    principal text not null,
    organisation integer,
    verb text not null,
    kind text not null,
    target text not null,
    outcome text not null,
    request text,
    body text not null, -- JSON
    previous bytea not null, -- the hash of the entry before it; 32 zero bytes before the first
    hash bytea not null, -- sha256(previous, chain, number, at in microseconds, body)
    primary key (chain, number, at)
) partition by range (at);
create index audit_at on audit (at desc, chain, number);
create table audit_default partition of audit default;

-- What a transaction records: it becomes a link of the chain when the transaction commits, and is gone from here.
create table audit_entry (
    id bigint generated always as identity primary key,
    chain integer not null,
    body text not null
);
comment on table audit_entry is 'Always empty for everybody but the transaction that records';

-- Link an entry to its chain. It runs at the commit: the head is locked last and for a moment only, so acts wait for
-- nobody while they work. With the rights of the owner: writers need none on the trail itself.
create function audit_link() returns trigger
language plpgsql security definer set search_path = machi, pg_temp as $$
declare
    head audit_head;
    said jsonb := new.body::jsonb;
    link_at timestamptz;
    link_hash bytea;
begin
    if said ->> 'verb' = 'expire' and said ->> 'kind' = 'audit' and not pg_has_role(session_user, current_user, 'member')
    then
        raise exception 'only the owner of the trail lets its entries expire' using errcode = 'insufficient_privilege';
    end if;
    insert into audit_head values (new.chain, 0, 'epoch', decode(repeat('00', 32), 'hex')) on conflict do nothing;
    select * into strict head from audit_head h where h.chain = new.chain for update;
    link_at := greatest(clock_timestamp(), head.at);
    link_hash := sha256(
        head.hash || int4send(new.chain) || int8send(head.number + 1)
        || int8send((extract(epoch from link_at) * 1000000)::bigint) || convert_to(new.body, 'UTF8')
    );
    insert into audit values (
        link_at, new.chain, head.number + 1, said ->> 'principal', (said ->> 'organisation')::integer, said ->> 'verb',
        said ->> 'kind', said ->> 'id', said ->> 'outcome', said ->> 'request', new.body, head.hash, link_hash
    );
    update audit_head h set number = head.number + 1, at = link_at, hash = link_hash where h.chain = new.chain;
    delete from audit_entry e where e.id = new.id;
    return null;
end
$$;
create constraint trigger audit_link after insert on audit_entry
    deferrable initially deferred for each row execute function audit_link();

-- Nobody changes the trail, its owner neither: not before the trigger is taken away, which a copy of the hashes
-- elsewhere (an anchor) brings to light.
create function audit_refuse() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' or tg_table_name = 'audit_head' and tg_op = 'UPDATE' then
        if pg_trigger_depth() > 1 then
            return new;
        end if;
    end if;
    raise exception 'the audit trail is append-only: % of % is refused', lower(tg_op), tg_table_name
        using errcode = 'insufficient_privilege';
end
$$;
create trigger audit_kept before insert or update or delete on audit for each row execute function audit_refuse();
create trigger audit_not_emptied before truncate on audit for each statement execute function audit_refuse();
create trigger audit_not_emptied before truncate on audit_default for each statement execute function audit_refuse();
create trigger audit_head_kept before insert or update or delete on audit_head
    for each row execute function audit_refuse();
create trigger audit_head_not_emptied before truncate on audit_head for each statement execute function audit_refuse();

-- Months are made ahead and dropped whole (audit_months.py).
create function audit_make_month(month date) returns boolean language plpgsql as $$
declare
    name text := 'audit_' || to_char(month, 'YYYYMM');
begin
    if to_regclass('machi.' || name) is not null then
        return false;
    end if;
    execute format('create table machi.%I partition of machi.audit for values from (%L) to (%L)', name,
        date_trunc('month', month)::date::timestamp at time zone 'UTC',
        (date_trunc('month', month) + interval '1 month')::date::timestamp at time zone 'UTC');
    execute format('create trigger audit_not_emptied before truncate on machi.%I'
        ' for each statement execute function machi.audit_refuse()', name);
    return true;
end
$$;
select audit_make_month((date_trunc('month', now() at time zone 'UTC') + make_interval(months => ahead))::date)
from generate_series(0, 2) as ahead;

-- Leave a role that changes rows nothing of the trail but to read it, and to record by audit_entry: a trigger of its
-- own making (on a temporary table) would get past audit_refuse. Called whenever rights are given anew (roles.sql).
create function audit_protect(role text) returns void language plpgsql as $$
declare
    kept text;
begin
    for kept in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'machi.audit'::regclass
        union all values ('audit'), ('audit_head')
    loop
        execute format('revoke insert, update, delete, truncate on machi.%I from %I', kept, role);
    end loop;
end
$$;

-- What a caller may, where it differs from the installation's settings.
create table request_limit (
    subject text not null, -- organisation:<id>, key:<prefix>, role:<role> or everyone
    name text not null, -- requests, streams, subscriptions, entities-per-day
    value double precision not null check (value >= 0), -- per second, at the same time, or per day; 0: none at all
    burst double precision check (burst >= 1), -- of requests
    modified_at timestamptz not null default now(),
    modified_by text not null,
    primary key (subject, name)
);

-- Who used what, by day of Japan; added up in the processes and written some seconds later.
create table usage (
    day date not null,
    tenant_id integer not null,
    organisation integer not null default 0, -- 0: callers without one
    caller text not null, -- role of the caller
    type_id integer not null default 0, -- of entities; 0: none in particular
    requests bigint not null default 0,
    refused bigint not null default 0, -- of them by a limit
    entities bigint not null default 0, -- that were returned
    written bigint not null default 0, -- entities, by HTTP
    bytes bigint not null default 0,
    notifications bigint not null default 0, -- that were delivered
    export_rows bigint not null default 0,
    stream_events bigint not null default 0,
    primary key (day, tenant_id, organisation, caller, type_id)
) with (fillfactor = 70);
create table writes_of_day (
    day date not null,
    subject text not null,
    entities bigint not null default 0,
    primary key (day, subject)
);

-- Auditors read the trail and nothing else; see 0005 about roles that may not be made here.
do $$
begin
    if not exists (select from pg_roles where rolname = 'machi_audit') then
        create role machi_audit nologin;
    end if;
exception
    when duplicate_object or unique_violation then null;
    when insufficient_privilege then
        raise notice 'the role machi_audit is missing and may not be made here';
end
$$;
do $$
begin
    if exists (select from pg_roles where rolname = 'machi_audit') then
        grant usage on schema machi to machi_audit;
        grant select on audit, audit_head to machi_audit;
    end if;
end
$$;
revoke all on function audit_link(), audit_refuse(), audit_make_month(date), audit_protect(text) from public;
