-- Imports of devices: jobs that outlive the process, their rows, and what they need to know of the registry.

-- name: lock_imports
-- Of two who send files at once the second one sees the first one's.
select pg_advisory_xact_lock(hashtext('device_import'), %(tenant_id)s);

-- name: count_open
select count(*) from device_import where tenant_id = %(tenant_id)s and state in ('waiting', 'registering');

-- name: is_registering
select exists (select from device_import where state = 'registering');

-- name: insert_import
insert into device_import (tenant_id, state, file_name, principal, is_partial, report, credential_salt,
    credentials_until, finished_at)
values (%(tenant_id)s, %(state)s, %(file_name)s, %(principal)s, %(is_partial)s, %(report)s, %(salt)s,
    case when %(salt)s::bytea is null then null else now() + make_interval(secs => %(secret_s)s) end,
    case when %(state)s <> 'waiting' then now() end)
returning id;

-- name: insert_rows
insert into device_import_row (import_id, number, position, device_id, given, outcome)
select %(id)s, given.number, given.position, given.device_id, given.given, given.outcome
from jsonb_to_recordset(%(rows)s) as given (number integer, position integer, device_id text, given jsonb, outcome text);

-- name: drop_surplus
-- The oldest make way; what is under way stays.
delete from device_import where tenant_id = %(tenant_id)s
    and state in ('checked', 'refused', 'done')
    and id <= (select id from device_import where tenant_id = %(tenant_id)s order by id desc offset %(kept)s limit 1);

-- name: imports
-- One line for each import of a tenant, with how far its rows are.
select i.id, t.name, i.tenant_id, i.state, i.file_name, i.principal, i.is_partial, i.report,
    i.created_at, i.started_at, i.registered_at, i.finished_at,
    i.credential_salt is not null, i.credentials_until, i.credentials_fetched_at, i.credentials_fetched_by,
    r.rows, r.created, r.updated, r.unchanged, r.failed, r.provisioned, r.with_credentials
from device_import i
join tenant t on t.id = i.tenant_id
cross join lateral (
    select count(*) as rows,
        count(*) filter (where outcome = 'created') as created,
        count(*) filter (where outcome = 'updated') as updated,
        count(*) filter (where outcome = 'unchanged') as unchanged,
        count(*) filter (where outcome = 'failed') as failed,
        count(*) filter (where outcome = 'created' and one.generation <= g.applied) as provisioned,
        count(*) filter (where outcome = 'created' and one.generation is not null) as with_credentials
    from device_import_row one, broker_generation g
    where one.import_id = i.id
) r

-- name: of_one
where i.tenant_id = %(tenant_id)s and i.id = %(id)s

-- name: of_many
where i.tenant_id = %(tenant_id)s and i.id < %(before)s order by i.id desc limit %(limit)s

-- name: of_next
-- The oldest that is not registered; those before it have their turn first.
where i.id = (select min(id) from device_import where state in ('waiting', 'registering'))

-- name: begin_import
update device_import set state = 'registering', started_at = coalesce(started_at, now())
where id = %(id)s and state = 'waiting'

-- name: get_salt
select credential_salt from device_import where id = %(id)s;

-- name: next_rows
select number, device_id, given, plan from device_import_row
where import_id = %(id)s and outcome is null
order by position
limit %(limit)s;

-- name: plan_rows
update device_import_row r set plan = given.plan
from jsonb_to_recordset(%(rows)s) as given (number integer, plan text)
where r.import_id = %(id)s and r.number = given.number;

-- name: finish_rows
update device_import_row r
set outcome = given.outcome, fault = given.fault, generation = given.generation, given = null
from jsonb_to_recordset(%(rows)s) as given (number integer, outcome text, fault jsonb, generation bigint)
where r.import_id = %(id)s and r.number = given.number;

-- name: finish_registering
-- Without new credentials there is nothing that the broker has to learn, and nothing to fetch.
update device_import i set registered_at = now(), state = 'provisioning',
    credential_salt = case when c.found then i.credential_salt end,
    credentials_until = case when c.found then i.credentials_until end
from (select exists (select from device_import_row where import_id = %(id)s and generation is not null) as found) c
where i.id = %(id)s and i.state = 'registering';

-- name: finish_provisioned
update device_import i set state = 'done', finished_at = now()
where i.state = 'provisioning' and (not %(waits_for_broker)s or not exists (
    select from device_import_row r, broker_generation g where r.import_id = i.id and r.generation > g.applied));

-- name: list_faults
select fault from device_import_row where import_id = %(id)s and outcome = 'failed' order by number limit %(limit)s;

-- name: list_devices
-- The devices of an import that is registered, in the order of the file.
select device_id, outcome from device_import_row
where import_id = %(id)s and outcome in ('created', 'updated', 'unchanged') order by number;

-- name: take_salt
-- Once: of two who ask at the same time one gets it.
update device_import i
set credential_salt = null, credentials_fetched_at = now(), credentials_fetched_by = %(principal)s
from (select id, credential_salt from device_import where id = %(id)s and tenant_id = %(tenant_id)s
    and credential_salt is not null and credentials_until > now() and state in ('provisioning', 'done') for update) former
where i.id = former.id
returning former.credential_salt;

-- name: list_valid_secrets
-- Of the devices that the import made, the credentials that are valid now.
select r.device_id, c.username, c.verifier from device_import_row r
join device_credential c on c.tenant_id = %(tenant_id)s and c.device_id = r.device_id and c.revoked_at is null
    and (c.expires_at is null or c.expires_at > now())
where r.import_id = %(id)s and r.outcome = 'created'
order by r.number;

-- name: drop_secrets
update device_import set credential_salt = null where credential_salt is not null and credentials_until <= now();

-- name: drop_old
delete from device_import
where state in ('checked', 'refused', 'done') and finished_at < now() - make_interval(secs => %(age_s)s);

-- name: delete_import
delete from device_import where tenant_id = %(tenant_id)s and id = %(id)s returning id;

-- name: find_names
-- Who has a name at a gateway.
select d.gateway_id, d.gateway_device, d.id
from unnest(%(gateways)s::text[], %(names)s::text[]) as wanted (gateway, name)
join device d on d.tenant_id = %(tenant_id)s and d.gateway_id = wanted.gateway and d.gateway_device = wanted.name
where d.retired_at is null;

-- name: find_middle
-- The median is not moved by the few that are wrong.
select count(*), percentile_disc(0.5) within group (order by (location -> 'coordinates' ->> 1)::double precision),
    percentile_disc(0.5) within group (order by (location -> 'coordinates' ->> 0)::double precision)
from device where tenant_id = %(tenant_id)s and location is not null and retired_at is null;
