-- What the registry knows of a device besides how it is read: owner, tags, state, hardware, who changed what.

-- What a search looks through: one form for full-width and half-width, capital and small, katakana and hiragana.
create function device_folded(words text) returns text
    language sql immutable strict parallel safe
    return translate(lower(normalize(words, nfkc)),
        'ァアィイゥウェエォオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂッツヅテデトドナニヌネノハバパヒビピフブプヘベペホボポマミムメモャヤュユョヨラリルレロヮワヰヱヲンヴヵヶ',
        'ぁあぃいぅうぇえぉおかがきぎくぐけげこごさざしじすずせぜそぞただちぢっつづてでとどなにぬねのはばぱひびぴふぶぷへべぺほぼぽまみむめもゃやゅゆょよらりるれろゎわゐゑをんゔゕゖ');

create function device_search_text(id text, name text, serial text, owner text, tags text[]) returns text
    language sql immutable parallel safe
    return device_folded(id || E'\n' || coalesce(name, '') || E'\n' || coalesce(serial, '') || E'\n'
        || coalesce(owner, '') || E'\n' || coalesce((select string_agg(tag, E'\n') from unnest(tags) tag), ''));

-- Metres along a sphere from a point to the place of a device, a GeoJSON Point; null where it has none.
create function device_distance_m(place jsonb, longitude double precision, latitude double precision)
    returns double precision
    language sql immutable strict parallel safe
    return 2 * 6371008.8 * asin(least(1, sqrt(
        sin(radians((place -> 'coordinates' ->> 1)::double precision - latitude) / 2) ^ 2
        + cos(radians(latitude)) * cos(radians((place -> 'coordinates' ->> 1)::double precision))
            * sin(radians((place -> 'coordinates' ->> 0)::double precision - longitude) / 2) ^ 2)));

alter table device
    add column owner text, -- the id of an organisation
    add column tags text[] not null default '{}',
    add column serial text, -- of the hardware that is in place
    add column notes text,
    add column installed_at timestamptz, -- the hardware that is in place
    add column codec_parameters jsonb not null default '{}', -- for the codec of its profile
    add column messages_per_minute integer, -- null: the installation's limit
    add column state text not null default 'provisioned'
        check (state in ('provisioned', 'active', 'silent', 'faulty', 'retired')),
    add column state_since timestamptz not null default now(),
    add column state_reason text,
    add column revision integer not null default 1, -- counts edits by people: the ETag
    add column changes integer not null default 0; -- the number of its newest device_change
alter table device
    add column search text not null generated always as (device_search_text(id, name, serial, owner, tags)) stored;
alter table device set (fillfactor = 80);
update device set state = 'retired', state_since = retired_at where retired_at is not null;
create index device_provisioned on device (tenant_id, id) where state = 'provisioned';

-- Who changed what, per device, numbered without gaps; the oldest make way for new ones (device_changes.sql).
create table device_change (
    tenant_id integer not null,
    device_id text not null,
    number integer not null,
    at timestamptz not null default now(),
    principal text not null,
    action text not null,
    before jsonb not null default '{}', -- the members that changed, as they were; never a secret
    after jsonb not null default '{}',
    reason text,
    primary key (tenant_id, device_id, number),
    foreign key (tenant_id, device_id) references device (tenant_id, id)
);

-- The hardware that was in place before; what is there now stands in `device`.
create table device_hardware (
    tenant_id integer not null,
    device_id text not null,
    number integer not null,
    serial text,
    installed_at timestamptz,
    removed_at timestamptz not null,
    reason text,
    principal text not null,
    primary key (tenant_id, device_id, number),
    foreign key (tenant_id, device_id) references device (tenant_id, id)
);

create or replace view machi_views.device as
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
    c.possible_repeats,
    d.name,
    d.state,
    d.state_since,
    d.owner,
    d.tags,
    d.serial
from machi.device_counter c
join machi.tenant t on t.id = c.tenant_id
left join machi.device d on d.tenant_id = c.tenant_id and d.id = c.device_id;
