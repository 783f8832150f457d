-- What a partner sees of a subscription's deliveries, and does about them.

-- name: find_key
select s.key from subscription s
where s.tenant_id = %(tenant_id)s and s.id = %(id)s
    and (%(organisation)s::integer is null or (s.organisation_id = %(organisation)s and s.owner_role <> 'administrator'));

-- name: list_overviews
select s.key, s.id, s.is_active, s.status_reason,
    (extract(epoch from s.expires_at) * 1000000)::bigint as expires_at,
    s.waiting_limit,
    c.matched, c.delivered, c.coalesced, c.dead_lettered, c.cancelled, c.not_kept,
    (extract(epoch from c.last_success) * 1000000)::bigint as last_success,
    (extract(epoch from c.last_failure) * 1000000)::bigint as last_failure,
    c.last_error,
    (extract(epoch from c.over_limit_at) * 1000000)::bigint as over_limit_at,
    coalesce(r.failures, 0) as endpoint_failures,
    case when r.open_until > statement_timestamp() then (extract(epoch from r.open_until) * 1000000)::bigint end
        as endpoint_rests_until,
    s.organisation_id, s.owner_role, o.name as organisation, subscriptions_rest(s.organisation_id, s.tenant_id) as is_disabled
from subscription s
join subscription_counter c on c.subscription_key = s.key
left join delivery_circuit r on r.endpoint = s.endpoint
join organisation o on o.id = s.organisation_id
where s.tenant_id = %(tenant_id)s and (%(id)s::text is null or s.id = %(id)s) and s.id > %(after)s
    and (%(organisation)s::integer is null or (s.organisation_id = %(organisation)s and s.owner_role <> 'administrator'))
    and s.id not like 'urn:ngsi-ld:Subscription:machi-alarm:%%' -- those feed alarm rules
order by s.id
limit %(limit)s;

-- name: get_oldest_waiting
select (extract(epoch from min(o.created_at)) * 1000000)::bigint
from outbox o
where o.subscription_key = %(subscription_key)s and o.state = 0;

-- name: list_deliveries
-- Newest first. What waits has an index of its own, so it is asked for apart.
select * from (
    (
        select o.id, o.state, o.kind, o.entity_id, o.change_seq as sequence, o.attempts, o.status, o.last_error as error,
            o.replayed, o.duration_ms,
            (extract(epoch from o.created_at) * 1000000)::bigint as created_at,
            (extract(epoch from o.replayed_at) * 1000000)::bigint as replayed_at,
            (extract(epoch from o.settled_at) * 1000000)::bigint as settled_at
        from outbox o
        where o.subscription_key = %(subscription_key)s and o.state = 0 and 0 = any (%(states)s::smallint[])
            and o.id < %(before)s
        order by o.id desc
        limit %(limit)s
    )
    union all
    select w.*
    from unnest(%(states)s::smallint[]) as s (state)
    cross join lateral (
        select o.id, o.state, o.kind, o.entity_id, o.change_seq, o.attempts, o.status, o.last_error, o.replayed,
            o.duration_ms,
            (extract(epoch from o.created_at) * 1000000)::bigint,
            (extract(epoch from o.replayed_at) * 1000000)::bigint,
            (extract(epoch from o.settled_at) * 1000000)::bigint
        from outbox o
        where o.subscription_key = %(subscription_key)s and o.state <> 0 and o.state = s.state and o.id < %(before)s
        order by o.id desc
        limit %(limit)s
    ) w
) found
order by found.id desc
limit %(limit)s;

-- name: get_dead_letter
select o.entity_id, o.day, o.id, o.trigger, o.attempts,
    (extract(epoch from o.created_at) * 1000000)::bigint as created_at,
    (extract(epoch from coalesce(o.changed_at, c.at)) * 1000000)::bigint as changed_at,
    coalesce(o.document, c.document) as document, o.kind, o.change_day, o.change_seq, o.replayed,
    coalesce(o.via, c.via) as via
from outbox o
left join change c on c.day = o.change_day and c.seq = o.change_seq
where o.subscription_key = %(subscription_key)s and o.state = 2 and o.id = %(id)s;

-- name: get_stats
select (extract(epoch from d.hour) * 1000000)::bigint as hour, d.kind, d.count
from delivery_stat d
where d.subscription_key = %(subscription_key)s
    and d.hour > statement_timestamp() - make_interval(hours => %(hours)s)
    and d.day >= (statement_timestamp() - make_interval(hours => %(hours)s))::date
order by d.hour, d.kind;

-- name: find_dead_letters
-- Only those of which it is still known what they told of.
select o.day, o.id, o.entity_id
from outbox o
where o.subscription_key = %(subscription_key)s and o.state = 2 and o.id > %(after)s
    and (%(ids)s::bigint[] is null or o.id = any (%(ids)s::bigint[]))
    and (
        o.kind = 1 or o.document is not null
        or exists (select from change c where c.day = o.change_day and c.seq = o.change_seq)
    )
order by o.id
limit %(limit)s;

-- name: queue_again
-- Who asks says that the endpoint is well: back-off ends, a throttling window does not.
insert into delivery_queue (subscription_key, entity_id, due_at)
select %(subscription_key)s, g.entity_id, statement_timestamp()
from unnest(%(entity_ids)s::text[]) as g (entity_id)
order by g.entity_id
on conflict (subscription_key, entity_id) do update
set due_at = case when delivery_queue.attempts > 0 then statement_timestamp() else delivery_queue.due_at end;

-- name: revive
update outbox o
set state = 0, replayed = true, replayed_at = statement_timestamp(), settled_at = null, attempts = 0, status = null
from unnest(%(days)s::date[], %(ids)s::bigint[]) as g (day, id)
where o.day = g.day and o.id = g.id and o.state = 2;

-- name: uncount_dead
update subscription_counter set dead_lettered = dead_lettered - %(count)s where subscription_key = %(subscription_key)s;

-- name: try_endpoint
-- The next trial may be at once.
update delivery_circuit c
set open_until = statement_timestamp()
from subscription s
where s.key = %(subscription_key)s and c.endpoint = s.endpoint and c.open_until > statement_timestamp();

-- name: get_change_days
-- The days of which changes are kept, oldest first.
select d.day
from generate_series(
    %(first)s::date, (statement_timestamp() at time zone 'UTC')::date + 1, interval '1 day'
) as g (at)
cross join lateral (select g.at::date as day) d
where exists (select from change c where c.day = d.day)
order by d.day;

-- name: get_changes
-- Up to a number that is settled: one is given before the commit, so below others some may be missing yet.
select c.seq, c.entity_id, c.trigger,
    (extract(epoch from c.at) * 1000000)::bigint as at, c.document
from change c
where c.day = %(day)s and c.seq > %(after)s and c.seq <= %(until)s and c.tenant_id = %(tenant_id)s
    and c.at >= %(since)s::timestamptz
order by c.seq
limit %(limit)s;

-- name: insert_caught_up
-- What waits already is not doubled.
with rows as (
    insert into outbox (tenant_id, day, subscription_key, entity_id, change_day, change_seq, trigger, replayed,
        replayed_at)
    select %(tenant_id)s, (statement_timestamp() at time zone 'UTC')::date, %(subscription_key)s, g.entity_id,
        %(day)s, g.seq, g.trigger, true, statement_timestamp()
    from unnest(%(entity_ids)s::text[], %(seqs)s::bigint[], %(triggers)s::smallint[]) as g (entity_id, seq, trigger)
    where not exists (
        select from outbox w
        where w.subscription_key = %(subscription_key)s and w.entity_id = g.entity_id and w.state = 0
            and w.change_day = %(day)s and w.change_seq = g.seq
    )
    order by g.seq
    returning id
)
select count(*) from rows;

-- name: count_caught_up
update subscription_counter set matched = matched + %(count)s where subscription_key = %(subscription_key)s;

-- name: count_waiting
select c.matched - c.delivered - c.coalesced - c.dead_lettered - c.cancelled
from subscription_counter c
where c.subscription_key = %(subscription_key)s;

-- name: lock_epoch
select pg_advisory_xact_lock(%(lock)s, %(tenant_id)s);

-- name: pause
update subscription set is_active = false, status_reason = %(reason)s where key = %(subscription_key)s;

-- name: resume
update subscription
set is_active = true, status_reason = null, document = document - 'is_active'
where key = %(subscription_key)s;

-- name: set_waiting_limit
update subscription set waiting_limit = %(limit)s where key = %(subscription_key)s;

-- name: bump_epoch
update tenant set epoch = epoch + 1 where id = %(tenant_id)s;

-- name: wake_queues
-- What was looked at while the subscription was paused is due again.
update delivery_queue q
set due_at = statement_timestamp()
from (
    select d.subscription_key, d.entity_id from delivery_queue d
    where d.subscription_key = %(subscription_key)s and d.due_at > statement_timestamp()
    for update skip locked
) late
where q.subscription_key = late.subscription_key and q.entity_id = late.entity_id;
