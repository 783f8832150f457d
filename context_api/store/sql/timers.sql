-- What the notifiers do by the clock. Each statement takes what nobody else works on: any number of processes may run.

-- name: set_timers
-- Timers of new periodic subscriptions, and of those whose interval became shorter.
insert into subscription_timer (subscription_key, due_at)
select s.key, statement_timestamp() + make_interval(secs => (s.document ->> 'interval_s')::double precision)
from subscription s
left join subscription_timer t on t.subscription_key = s.key
where s.document ? 'interval_s' and s.is_active
    and (s.expires_at is null or s.expires_at > statement_timestamp())
    and (
        t.subscription_key is null
        or t.due_at > statement_timestamp() + make_interval(secs => (s.document ->> 'interval_s')::double precision)
    )
order by s.key
on conflict (subscription_key) do update set due_at = least(subscription_timer.due_at, excluded.due_at);

-- name: remove_timers
delete from subscription_timer t
using subscription s
where s.key = t.subscription_key
    and (not s.document ? 'interval_s' or not s.is_active or s.expires_at <= statement_timestamp());

-- name: take_timers
-- Intervals that went by while nobody was there are left out: a periodic notification tells of the present.
with due as (
    select t.subscription_key, t.due_at
    from subscription_timer t
    where t.due_at <= statement_timestamp()
    order by t.due_at
    limit %(limit)s
    for update skip locked
)
update subscription_timer t
set due_at = d.due_at + make_interval(secs => i.s * (1 + floor(
    extract(epoch from statement_timestamp() - d.due_at)::double precision / i.s
)))
from due d
join subscription s on s.key = d.subscription_key
cross join lateral (select (s.document ->> 'interval_s')::double precision as s) i
where t.subscription_key = d.subscription_key and i.s > 0 and s.is_active
returning t.subscription_key, s.tenant_id;

-- name: insert_periodic
insert into outbox (tenant_id, day, subscription_key, entity_id, change_day, change_seq, trigger, kind)
select g.tenant_id, d.day, g.subscription_key, '', d.day, 0, 0, 1
from unnest(%(subscription_keys)s::bigint[], %(tenant_ids)s::integer[]) as g (subscription_key, tenant_id)
cross join (select (statement_timestamp() at time zone 'UTC')::date) as d (day);

-- name: queue_periodic
insert into delivery_queue (subscription_key, entity_id, due_at)
select g.key, '', statement_timestamp() from unnest(%(subscription_keys)s::bigint[]) as g (key) order by g.key
on conflict (subscription_key, entity_id) do update set due_at = delivery_queue.due_at;

-- name: count_periodic
with locked as (
    select c.subscription_key from subscription_counter c
    where c.subscription_key = any (%(subscription_keys)s::bigint[])
    order by c.subscription_key
    for update
)
update subscription_counter c set matched = c.matched + 1 from locked l where c.subscription_key = l.subscription_key;

-- name: lock_bounds
select pg_try_advisory_xact_lock(%(lock)s, 0);

-- name: find_overfull
-- Subscriptions of which more waits than their own limit.
select c.subscription_key, s.tenant_id
from subscription_counter c
join subscription s on s.key = c.subscription_key
where c.matched - c.delivered - c.coalesced - c.dead_lettered - c.cancelled
    > least(s.waiting_limit, %(limit)s);

-- name: find_overfull_tenants
-- Tenants of which more waits than is allowed, by how much, with the subscription of which most does.
select s.tenant_id, sum(w.waiting)::bigint - %(limit)s as excess,
    (array_agg(c.subscription_key order by w.waiting desc))[1] as fullest
from subscription_counter c
join subscription s on s.key = c.subscription_key
cross join lateral (
    select c.matched - c.delivered - c.coalesced - c.dead_lettered - c.cancelled as waiting
) w
group by s.tenant_id
having sum(w.waiting) > %(limit)s;

-- name: coalesce_overfull
-- Of each entity only the newest notification goes on waiting.
with surplus as (
    select o.day, o.id
    from outbox o
    where o.subscription_key = %(subscription_key)s and o.state = 0 and not o.replayed
        and exists (
            select from outbox n
            where n.subscription_key = o.subscription_key and n.entity_id = o.entity_id and n.state = 0
                and not n.replayed and n.id > o.id
        )
    limit %(bite)s
    for update of o skip locked
)
update outbox o
set state = 4, settled_at = statement_timestamp(), last_error = 'more waited than the subscription may have wait'
from surplus
where o.day = surplus.day and o.id = surplus.id
returning o.subscription_key, o.state, null::double precision;

-- name: give_up_oldest
with oldest as (
    select o.day, o.id
    from outbox o
    where o.subscription_key = %(subscription_key)s and o.state = 0
    order by o.id
    limit %(bite)s
    for update skip locked
)
update outbox o
set state = 2, settled_at = statement_timestamp(), last_error = 'more waited than the tenant may have wait',
    document = coalesce(o.document, (
        select c.document from change c where c.day = o.change_day and c.seq = o.change_seq
    )),
    changed_at = coalesce(o.changed_at, (select c.at from change c where c.day = o.change_day and c.seq = o.change_seq))
from oldest
where o.day = oldest.day and o.id = oldest.id
returning o.subscription_key, o.state, null::double precision;

-- name: tell_owner
update subscription_counter
set over_limit_at = statement_timestamp(), last_failure = statement_timestamp(), last_error = %(error)s
where subscription_key = %(subscription_key)s;

-- name: count_bound
insert into bound_met as b (tenant_id, bound, count, last_at)
values (%(tenant_id)s, %(bound)s, %(count)s, statement_timestamp())
on conflict (tenant_id, bound) do update set count = b.count + excluded.count, last_at = excluded.last_at;

-- name: give_up_unreachable
-- What has waited too long for an endpoint that rests: only one of its queues at a time is tried, the others age here.
with old as (
    select o.day, o.id
    from delivery_circuit c
    join subscription s on s.endpoint = c.endpoint
    join outbox o on o.subscription_key = s.key and o.state = 0
    where c.failures >= %(tolerated)s and c.since <= statement_timestamp() - make_interval(secs => %(give_up_s)s)
        and coalesce(o.replayed_at, o.created_at) <= statement_timestamp() - make_interval(secs => %(give_up_s)s)
    limit %(bite)s
    for update of o skip locked
)
update outbox o
set state = 2, settled_at = statement_timestamp(),
    last_error = coalesce('given up: ' || o.last_error, 'given up: the endpoint could not be reached'),
    document = coalesce(o.document, (
        select c.document from change c where c.day = o.change_day and c.seq = o.change_seq
    )),
    changed_at = coalesce(o.changed_at, (select c.at from change c where c.day = o.change_day and c.seq = o.change_seq))
from old
where o.day = old.day and o.id = old.id
returning o.subscription_key, o.state, null::double precision;

-- name: remove_circuits
delete from delivery_circuit c where not exists (select from subscription s where s.endpoint = c.endpoint);

-- name: count_lost_letters
-- Dead letters of a day that is about to be dropped.
with lost as (
    select o.subscription_key, count(*) as count from outbox o where o.day = %(day)s and o.state = 2 group by 1
), locked as (
    select c.subscription_key from subscription_counter c join lost l on l.subscription_key = c.subscription_key
    order by 1 for update of c
)
update subscription_counter c
set not_kept = c.not_kept + l.count
from lost l
where c.subscription_key = l.subscription_key and c.subscription_key in (select k.subscription_key from locked k);
