-- Views with readable names for dashboards, and the role that may read them and nothing else. A view reads with
-- its owner's rights: the role needs none on the tables. The rows of all tenants are visible, each with its name.

create schema if not exists machi_views;
comment on schema machi_views is 'What Grafana and other readers of SQL may rely on; the tables in machi may change';

-- The short name of a term: what follows the last # or / of its IRI.
create function machi_views.short_name(iri text) returns text
    language sql immutable strict parallel safe
    return regexp_replace(iri, '^.*[#/]', '');

create view machi_views.term as
select id, iri, machi_views.short_name(iri) as name
from machi.term;

-- Microseconds since 1970 (as the documents hold times) to timestamptz; null stays null.
create function machi_views.to_time(micros bigint) returns timestamptz
    language sql immutable strict parallel safe
    return timestamptz 'epoch' + make_interval(secs => micros / 1000000) + micros % 1000000 * interval '1 microsecond';

create view machi_views.entity as
select t.name as tenant,
    e.id as entity_id,
    (select min(n.name) from machi_views.term n where n.id = any (e.types)) as type,
    e.created_at,
    e.modified_at
from machi.entity e
join machi.tenant t on t.id = e.tenant_id;

-- One row per attribute instance of the entities as they are now.
create view machi_views.current_value as
select t.name as tenant,
    e.id as entity_id,
    (select min(n.name) from machi_views.term n where n.id = any (e.types)) as type,
    a.name as attribute,
    coalesce(instance.value ->> 'd', '') as dataset_id,
    instance.value ->> 'u' as unit,
    coalesce(
        machi_views.to_time((instance.value ->> 'o')::bigint),
        machi_views.to_time((instance.value ->> 'm')::bigint),
        e.modified_at
    ) as at,
    case jsonb_typeof(instance.value -> 'v')
        when 'number' then (instance.value ->> 'v')::double precision
    end as value,
    instance.value ->> 'v' as text_value
from machi.entity e
join machi.tenant t on t.id = e.tenant_id
cross join lateral jsonb_each(e.fixed || e.live) as attribute (term_id, instances)
cross join lateral jsonb_array_elements(attribute.instances) as instance (value)
join machi_views.term a on a.id = attribute.term_id::integer;

-- Every recorded value. Filter by entity_id and attribute: the cost then follows the answer.
create view machi_views.history as
select t.name as tenant,
    s.entity_id,
    (select min(n.name) from machi_views.term n where n.id = any (s.types)) as type,
    a.name as attribute,
    s.dataset_id,
    coalesce(o.body ->> 'u', s.unit_code) as unit,
    o.at,
    o.value,
    coalesce(o.body ->> 'v', o.value::text) as text_value,
    o.recorded_at
from machi.series s
join machi.tenant t on t.id = s.tenant_id
join machi_views.term a on a.id = s.attribute_id
join machi.observation o on o.series_id = s.id
where o.deleted_at is null;

-- received = stored + duplicate + corrected + ignored + quarantined
create view machi_views.device as
select t.name as tenant,
    c.device_id,
    d.profile,
    d.entity_id,
    d.expected_interval_s,
    d.retired_at,
    c.last_seen,
    c.messages_received,
    c.messages_stored,
    c.messages_duplicate,
    c.messages_corrected,
    c.messages_ignored,
    c.messages_quarantined,
    c.values_received,
    c.values_stored,
    c.values_duplicate,
    c.values_corrected,
    c.values_ignored,
    c.values_quarantined,
    c.values_late,
    c.possible_repeats
from machi.device_counter c
join machi.tenant t on t.id = c.tenant_id
left join machi.device d on d.tenant_id = c.tenant_id and d.id = c.device_id;

-- matched = delivered + coalesced + waiting + dead_lettered + cancelled
create view machi_views.subscription as
select t.name as tenant,
    s.id as subscription_id,
    s.is_active,
    s.status_reason,
    s.created_at,
    s.expires_at,
    c.matched,
    c.delivered,
    c.coalesced,
    c.matched - c.delivered - c.coalesced - c.dead_lettered - c.cancelled as waiting,
    c.dead_lettered,
    c.cancelled,
    c.times_sent,
    c.times_failed,
    c.last_notification,
    c.last_success,
    c.last_failure
from machi.subscription s
join machi.tenant t on t.id = s.tenant_id
join machi.subscription_counter c on c.subscription_key = s.key;

-- Messages put aside, without their payloads.
create view machi_views.quarantine as
select t.name as tenant, q.id, q.device_id, q.topic, q.reason, q.detail, q.payload_size, q.arrived_at, q.replayed_at
from machi.quarantine q
join machi.tenant t on t.id = q.tenant_id;

create view machi_views.process as
select process, instance, ready, detail, at
from machi.process_heartbeat;

-- Roles belong to the server, not to the database: another database of it may have made this one, now or at the
-- same moment. An owner who may not make roles goes on without; the server's administrator then makes it.
do $$
begin
    if not exists (select from pg_roles where rolname = 'machi_reader') then
        create role machi_reader nologin;
    end if;
    grant usage on schema machi_views to machi_reader;
    grant select on all tables in schema machi_views to machi_reader;
exception
    when duplicate_object or unique_violation then
        grant usage on schema machi_views to machi_reader;
        grant select on all tables in schema machi_views to machi_reader;
    when insufficient_privilege then
        raise notice 'the role machi_reader is missing and may not be made here';
end
$$;
revoke all on schema machi_views from public;
