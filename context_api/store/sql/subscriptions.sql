-- name: get_active_versions
-- With whose they are; those of an organisation to which nothing is told rest.
select s.key, s.xmin::text, s.organisation_id, s.owner_role
from subscription s
join (
    select d.organisation_id from (
        select distinct organisation_id, tenant_id from subscription where tenant_id = %s
    ) as d
    where not subscriptions_rest(d.organisation_id, d.tenant_id)
) as o on o.organisation_id = s.organisation_id
where s.tenant_id = %s and s.is_active

-- name: get_documents
select key, document from subscription where key = any (%s::bigint[])

-- name: lock_epoch
select pg_advisory_xact_lock(%s, %s)

-- name: bump_epoch
update tenant set epoch = epoch + 1 where id = %s

-- name: create_subscription
insert into subscription (tenant_id, id, document, context, is_active, created_at, modified_at, expires_at,
    organisation_id, owner_role)
values (%s, %s, %s::jsonb, %s::jsonb, %s, %s, %s, %s, %s, %s)
on conflict (tenant_id, id) do nothing
returning key

-- name: create_counter
insert into subscription_counter (subscription_key) values (%s)

-- name: get_subscription
select s.key, s.document, s.context, s.is_active, s.status_reason, s.created_at, s.modified_at,
    c.times_sent, c.times_failed, c.last_notification, c.last_success, c.last_failure,
    s.organisation_id, s.owner_role, subscriptions_rest(s.organisation_id, s.tenant_id)
from subscription s
join subscription_counter c on c.subscription_key = s.key
where s.tenant_id = %(tenant_id)s and s.id = %(id)s and (%(organisation)s::integer is null or (s.organisation_id = %(organisation)s and s.owner_role <> 'administrator'))

-- name: is_sending
select exists (
    select from delivery_queue q where q.subscription_key = %s and q.leased_until > statement_timestamp()
)

-- name: list_subscriptions
select s.key, s.document, s.context, s.is_active, s.status_reason, s.created_at, s.modified_at,
    c.times_sent, c.times_failed, c.last_notification, c.last_success, c.last_failure,
    s.organisation_id, s.owner_role, subscriptions_rest(s.organisation_id, s.tenant_id)
from subscription s
join subscription_counter c on c.subscription_key = s.key
where s.tenant_id = %(tenant_id)s and (%(organisation)s::integer is null or (s.organisation_id = %(organisation)s and s.owner_role <> 'administrator'))
    and s.id not like 'urn:ngsi-ld:Subscription:machi-alarm:%%' -- those feed alarm rules
order by s.key
limit %(limit)s offset %(offset)s

-- name: count_subscriptions
select count(*) from subscription s
where s.tenant_id = %(tenant_id)s and (%(organisation)s::integer is null or (s.organisation_id = %(organisation)s and s.owner_role <> 'administrator')) and s.id not like 'urn:ngsi-ld:Subscription:machi-alarm:%%'

-- name: lock_subscription
select s.key, s.document from subscription s where s.tenant_id = %(tenant_id)s and s.id = %(id)s and (%(organisation)s::integer is null or (s.organisation_id = %(organisation)s and s.owner_role <> 'administrator')) for update

-- name: update_subscription
update subscription set
    document = %(document)s::jsonb,
    is_active = coalesce(%(is_active)s, is_active),
    status_reason = case when %(is_active)s is null then status_reason end,
    expires_at = %(expires_at)s,
    modified_at = greatest(%(now)s, modified_at + interval '1 microsecond')
where key = %(key)s

-- name: hurry_failing
-- What failed is tried again at once: the change may have mended it
update delivery_queue set due_at = now() where subscription_key = %s and attempts > 0 and due_at > now()

-- name: wake_notifiers
select pg_notify('machi_outbox', '')

-- name: delete_subscription
delete from subscription s where s.tenant_id = %(tenant_id)s and s.id = %(id)s and (%(organisation)s::integer is null or (s.organisation_id = %(organisation)s and s.owner_role <> 'administrator'))
