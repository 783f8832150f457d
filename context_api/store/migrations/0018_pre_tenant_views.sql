-- A schema and a role of its own for each tenant: what its people may read by SQL, and nothing of anybody else's.
--
-- A view reads with its owner's rights; the tenant's role has rights on the views of its schema only. The views are
-- security barriers: no function or cast of a reader's own is run on rows of another tenant, so an error message
-- cannot tell what is in them. Conditions that cannot leak (=, <, > on times and text) still go down to the indexes.

-- A condition on a stored column can go down through the barrier; one on short_name(iri) could not.
alter table term add column name text generated always as (regexp_replace(iri, '^.*[#/]', '')) stored;

alter table tenant add column sql_schema text unique, add column sql_role text unique;
comment on column tenant.sql_schema is 'Holds the views of the tenant';
comment on column tenant.sql_role is
    'May read them. Roles belong to the server: a part by chance keeps two databases of one server apart';

-- The name of a tenant as a part of identifiers, which have 63 bytes at most.
create function tenant_identifier(prefix text, tenant text, suffix text) returns text
    language sql immutable strict parallel safe
    return prefix || case
        when octet_length(prefix || tenant || suffix) <= 63 then tenant
        else left(tenant, 63 - octet_length(prefix || suffix) - 9) || '-' || left(md5(tenant), 8)
    end || suffix;

create function make_tenant_views(tenant_id integer) returns void
    language plpgsql set search_path = machi, pg_temp as $$
declare
    schema_name text := (select sql_schema from machi.tenant where id = tenant_id);
begin
    execute format('create schema if not exists %I', schema_name);
    execute format('revoke all on schema %I from public', schema_name);

    execute format($view$
        create or replace view %I.history with (security_barrier) as
        select o.at,
            s.entity_id,
            k.name as type,
            a.name as attribute,
            s.dataset_id,
            o.value,
            case when o.body ? 'u' then o.body ->> 'u' else s.unit_code end as unit,
            coalesce(o.body ->> 'v', o.value::text) as text_value,
            o.recorded_at,
            o.modified_at as corrected_at
        from machi.series s
        join machi.term a on a.id = s.attribute_id
        left join machi.term k on k.id = s.types[1]
        join machi.observation o on o.series_id = s.id
        where s.tenant_id = %L::integer and o.deleted_at is null
        $view$, schema_name, tenant_id);

    execute format($view$
        create or replace view %I.series with (security_barrier) as
        select s.entity_id, k.name as type, a.name as attribute, a.iri as attribute_iri, s.dataset_id,
            s.unit_code as unit, s.created_at
        from machi.series s
        join machi.term a on a.id = s.attribute_id
        left join machi.term k on k.id = s.types[1]
        where s.tenant_id = %L::integer
        $view$, schema_name, tenant_id);

    execute format($view$
        create or replace view %I.entity with (security_barrier) as
        select e.id as entity_id,
            (select min(n.name) from machi.term n where n.id = any (e.types)) as type,
            e.created_at,
            e.modified_at
        from machi.entity e
        where e.tenant_id = %L::integer
        $view$, schema_name, tenant_id);

    execute format($view$
        create or replace view %I.current_value with (security_barrier) as
        select e.id as entity_id,
            (select min(n.name) from machi.term n where n.id = any (e.types)) as type,
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
        cross join lateral jsonb_each(e.fixed || e.live) as attribute (term_id, instances)
        cross join lateral jsonb_array_elements(attribute.instances) as instance (value)
        join machi.term a on a.id = attribute.term_id::integer
        where e.tenant_id = %L::integer
        $view$, schema_name, tenant_id);

    execute format($view$
        create or replace view %I.device with (security_barrier) as
        select coalesce(d.id, c.device_id) as device_id,
            d.name,
            d.profile,
            d.entity_id,
            d.expected_interval_s,
            d.retired_at,
            c.last_seen,
            c.values_received,
            c.values_stored,
            c.values_duplicate,
            c.values_corrected,
            c.values_ignored,
            c.values_quarantined,
            c.values_late
        from machi.device d
        full join machi.device_counter c on c.tenant_id = d.tenant_id and c.device_id = d.id
        where coalesce(d.tenant_id, c.tenant_id) = %L::integer
        $view$, schema_name, tenant_id);

    execute format($view$
        create or replace view %I.arrival_day with (security_barrier) as
        select d.day, s.entity_id, a.name as attribute, s.dataset_id, d.late, d.duplicate
        from machi.arrival_day d
        join machi.series s on s.id = d.series_id
        join machi.term a on a.id = s.attribute_id
        where s.tenant_id = %L::integer
        $view$, schema_name, tenant_id);
end
$$;
comment on function make_tenant_views is 'Makes the schema and views of a tenant, or brings them up to date';

-- True where the role is there. Whoever may not make roles goes on without: the server's administrator makes it, or
-- `machi sql password` says how.
create function make_tenant_role(tenant_id integer) returns boolean
    language plpgsql set search_path = machi, pg_temp as $$
declare
    schema_name text;
    role_name text;
begin
    select sql_schema, sql_role into schema_name, role_name from machi.tenant where id = tenant_id;
    if not exists (select from pg_roles where rolname = role_name) then
        begin
            -- Without LOGIN: nobody comes in before somebody gives it a password
            execute format('create role %I nologin connection limit 20', role_name);
            execute format('alter role %I set default_transaction_read_only = on', role_name);
            execute format('alter role %I set statement_timeout = %L', role_name, '60s');
            execute format('alter role %I set search_path = %I', role_name, schema_name);
            execute format('alter role %I set timezone = %L', role_name, 'Asia/Tokyo');
        exception
            when duplicate_object or unique_violation then null;
            when insufficient_privilege then return false;
        end;
    end if;
    execute format('grant usage on schema %I to %I', schema_name, role_name);
    execute format('grant select on all tables in schema %I to %I', schema_name, role_name);
    return true;
end
$$;
comment on function make_tenant_role is 'Makes the role of a tenant without a password, and gives it its rights';

create function name_tenant_views() returns trigger language plpgsql set search_path = machi, pg_temp as $$
begin
    new.sql_schema := machi.tenant_identifier('tenant_', new.name, '');
    new.sql_role := machi.tenant_identifier('machi_', new.name, '_' || left(md5(gen_random_uuid()::text), 6));
    return new;
end
$$;
create function add_tenant_views() returns trigger language plpgsql security definer set search_path = machi, pg_temp as $$
begin
    perform machi.make_tenant_views(new.id);
    perform machi.make_tenant_role(new.id);
    return null;
end
$$;
create trigger tenant_names before insert on tenant for each row execute function name_tenant_views();
create trigger tenant_views after insert on tenant for each row execute function add_tenant_views();

-- The tenants that are there already.
update tenant set
    sql_schema = tenant_identifier('tenant_', name, ''),
    sql_role = tenant_identifier('machi_', name, '_' || left(md5(gen_random_uuid()::text), 6));
select make_tenant_views(id), make_tenant_role(id) from tenant;
alter table tenant alter column sql_schema set not null, alter column sql_role set not null;
