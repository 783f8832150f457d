-- Attributes that operators have declared indexed, per tenant: docs/decisions/0007-declared-indexes.md.

create table attribute_index (
    id integer generated always as identity primary key, -- also in the names of the physical indexes
    tenant_id integer not null references tenant (id),
    attribute_id integer not null references term (id),
    type_id integer references term (id), -- null: entities of any type
    state text not null default 'waiting' check (state in ('waiting', 'building', 'ready', 'failed')),
    reason text,
    created_at timestamptz not null default now(),
    ready_at timestamptz,
    retry_at timestamptz, -- of one that failed
    unique nulls not distinct (tenant_id, attribute_id, type_id)
);
comment on table attribute_index is
    'Declared indexes. The worker makes entity_attribute_<id>_key and _keys on the table entity, with statistics of '
    'the same names and _stat, and drops what is no longer declared';

-- Attributes that an entity of a type has had with observedAt: a dictionary that only grows. Those are in the
-- document that every reading rewrites, where no index looks, so an index on them would not find them all.
create table live_attribute (
    tenant_id integer not null,
    attribute_id integer not null,
    type_id integer not null,
    primary key (tenant_id, attribute_id, type_id)
);
insert into live_attribute (tenant_id, attribute_id, type_id)
select distinct e.tenant_id, key::integer, type_id
from entity e
cross join unnest(e.types) as type_id
cross join jsonb_object_keys(e.live) as key;

-- The key of one JSON value: bytes in the order of orderBy, numbers (1) before texts (2) before booleans (5). A
-- number is its nearest double, a text its first 256 bytes, so that two values of one key may differ: an index
-- narrows, the condition itself decides. Null for null, objects and arrays, which equal nothing.
create function machi.value_key(value jsonb) returns bytea
    language plpgsql immutable strict parallel safe
as $$
declare
    kind text := jsonb_typeof(value);
    number numeric;
    bits bigint;
begin
    if kind = 'string' then
        return '\x02'::bytea || substring(convert_to(value #>> '{}', 'UTF8') from 1 for 256);
    elsif kind = 'number' then
        number := (value #>> '{}')::numeric;
        bits := ('x' || encode(float8send(case
            when abs(number) > 1.7e308 then sign(number)::float8 * 'infinity'::float8
            when abs(number) < 1e-300 then 0::float8
            else number::float8
        end), 'hex'))::bit(64)::bigint;
        return '\x01'::bytea || int8send(case when bits < 0 then ~bits else bits # (-9223372036854775808) end);
    elsif kind = 'boolean' then
        return case when value = 'true'::jsonb then '\x0501'::bytea else '\x0500'::bytea end;
    end if;
    return null;
end
$$;

-- The keys of all that a condition on an attribute may meet in its instances: values, elements of arrays, what
-- typed values of JSON-LD hold, texts of a LanguageProperty; each once. Null where there are none.
create function machi.all_keys(instances jsonb) returns bytea[]
    language plpgsql immutable strict parallel safe
as $$
begin
    return (
        with part as (
            select one.value as instance, one.value -> 'v' as value, coalesce(one.value ->> 'k', '0') = '3' as is_map
            from jsonb_array_elements(instances) as one
        ), held as (
            select value from part where not is_map
            union all
            select each.value
            from part, jsonb_each(case when is_map and jsonb_typeof(value) = 'object' then value else '{}' end) as each
        ), element as (
            select each.value
            from held, jsonb_array_elements(
                case when jsonb_typeof(value) = 'array' then value else jsonb_build_array(value) end
            ) as each
        ), unwrapped as (
            select case when jsonb_typeof(value) = 'object' then value -> '@value' else value end as value
            from element
        ), scalar as (
            select each.value
            from unwrapped, jsonb_array_elements(
                case when jsonb_typeof(value) = 'array' then value else jsonb_build_array(value) end
            ) as each
        )
        select array_agg(distinct key) from (select machi.value_key(value) as key from scalar) as keyed
        where key is not null
    );
end
$$;

-- What the ordered index holds of an attribute: its key, \xff where it has several, null where it has none.
-- The cost keeps a plan that does not use the index from asking this first, and is no reason for parallel workers.
create function machi.attribute_key(instances jsonb) returns bytea
    language plpgsql immutable strict parallel safe cost 20
as $$
declare
    value jsonb;
    keys bytea[];
begin
    if jsonb_array_length(instances) = 1 then
        value := instances -> 0 -> 'v';
        if jsonb_typeof(value) in ('string', 'number', 'boolean') then
            return machi.value_key(value);
        end if;
    end if;
    keys := machi.all_keys(instances);
    return case when cardinality(keys) > 1 then '\xff'::bytea else keys[1] end;
end
$$;

-- What the other index holds of an attribute with several keys, else null; above 1,000 only \xff, which is asked
-- for with every key.
create function machi.attribute_keys(instances jsonb) returns bytea[]
    language plpgsql immutable strict parallel safe cost 20
as $$
declare
    keys bytea[];
begin
    if jsonb_array_length(instances) = 1 and jsonb_typeof(instances -> 0 -> 'v') in ('string', 'number', 'boolean') then
        return null;
    end if;
    keys := machi.all_keys(instances);
    if cardinality(keys) > 1000 then
        return array['\xff'::bytea];
    end if;
    return case when cardinality(keys) > 1 then keys end;
end
$$;
