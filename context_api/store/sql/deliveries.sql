-- Leasing and settling deliveries. Times are the server's; a lease belongs to whoever knows its uuid.

-- name: commit_lazily
-- Without waiting for the disk: when the server dies, some leases and settlements of the last moment are as if they had
-- not been, rows and counters alike, and those notifications go out again.
select set_config('synchronous_commit', 'off', true);

-- name: lease_queues
-- The due queues of every subscription but those to skip: a few of each, the longest due first. The recursion jumps
-- from one subscription to the next along the primary key (a loose index scan). An endpoint that failed too often is
-- left alone until its time, then gets one queue to try with.
with recursive busy (subscription_key) as (
    select min(subscription_key) from delivery_queue
    union all
    select (select min(q.subscription_key) from delivery_queue q where q.subscription_key > b.subscription_key)
    from busy b
    where b.subscription_key is not null
), ready as (
    select b.subscription_key, case when c.failures >= %(tolerated)s then c.endpoint end as trial
    from busy b
    left join subscription s on s.key = b.subscription_key
    left join delivery_circuit c on c.endpoint = s.endpoint
    where b.subscription_key <> all (%(skip)s::bigint[])
        and (c.open_until is null or c.open_until <= statement_timestamp())
), found as materialized (
    select q.*, r.trial, row_number() over (partition by r.trial order by q.due_at) as rank
    from ready r
    cross join lateral (
        select d.subscription_key, d.entity_id, d.due_at
        from delivery_queue d
        where d.subscription_key = r.subscription_key
            and d.due_at <= statement_timestamp()
            and (d.leased_until is null or d.leased_until <= statement_timestamp())
        order by d.due_at
        limit case when r.trial is null then %(per_subscription)s else 1 end
        for update skip locked
    ) q
), due as materialized (
    select * from found where trial is null or rank = 1 order by due_at limit %(limit)s
)
update delivery_queue q
set lease = %(lease)s,
    leased_until = statement_timestamp() + make_interval(secs => %(lease_s)s)
from due
where q.subscription_key = due.subscription_key and q.entity_id = due.entity_id
returning q.subscription_key, q.entity_id, q.attempts,
    extract(epoch from statement_timestamp() - q.failing_since)::double precision as failing_s, due.trial;

-- name: begin_trials
-- While one queue is tried, nobody else calls these endpoints.
with tried as (
    select c.endpoint from delivery_circuit c where c.endpoint = any (%(endpoints)s::uuid[]) order by 1 for update
)
update delivery_circuit c
set open_until = statement_timestamp() + make_interval(secs => %(trial_s)s)
from tried
where c.endpoint = tried.endpoint;

-- name: coalesce_queues
-- Of what waits in a leased queue of a throttled subscription only the newest is sent. What was asked for again stays.
update outbox o
set state = 4, settled_at = statement_timestamp(), last_error = 'a newer one followed within the throttling'
from unnest(%(subscription_keys)s::bigint[], %(entity_ids)s::text[]) as q (subscription_key, entity_id)
where o.subscription_key = q.subscription_key and o.entity_id = q.entity_id and o.state = 0 and not o.replayed
    and o.id < (
        select max(w.id) from outbox w
        where w.subscription_key = q.subscription_key and w.entity_id = q.entity_id and w.state = 0 and not w.replayed
    )
returning o.subscription_key, o.state, null::double precision;

-- name: get_waiting
-- The first waiting rows of each leased queue, in order, with the change they tell of (null: dropped by retention).
select o.subscription_key, o.entity_id, o.day, o.id, o.trigger, o.attempts,
    (extract(epoch from o.created_at) * 1000000)::bigint as created_at,
    (extract(epoch from coalesce(o.changed_at, c.at)) * 1000000)::bigint as changed_at,
    coalesce(o.document, c.document) as document, o.kind, o.change_day, o.change_seq, o.replayed,
    coalesce(o.via, c.via) as via
from unnest(%(subscription_keys)s::bigint[], %(entity_ids)s::text[]) as q (subscription_key, entity_id)
cross join lateral (
    select w.*
    from outbox w
    where w.subscription_key = q.subscription_key and w.entity_id = q.entity_id and w.state = 0
    order by w.id
    limit %(limit)s
) o
left join change c on c.day = o.change_day and c.seq = o.change_seq
order by o.subscription_key, o.entity_id, o.id;

-- name: get_subscriptions
select s.key, s.tenant_id, t.name as tenant, s.id, s.document, s.context,
    s.is_active, (extract(epoch from s.expires_at) * 1000000)::bigint as expires_at,
    (extract(epoch from s.modified_at) * 1000000)::bigint as modified_at,
    s.organisation_id, s.owner_role, subscriptions_rest(s.organisation_id, s.tenant_id) as is_disabled
from subscription s
join tenant t on t.id = s.tenant_id
where s.key = any (%(subscription_keys)s::bigint[]);

-- name: renew_leases
update delivery_queue q
set leased_until = statement_timestamp() + make_interval(secs => %(lease_s)s)
from unnest(%(subscription_keys)s::bigint[], %(entity_ids)s::text[], %(leases)s::uuid[])
    as l (subscription_key, entity_id, lease)
where q.subscription_key = l.subscription_key and q.entity_id = l.entity_id and q.lease = l.lease
returning q.subscription_key, q.entity_id, q.lease;

-- name: lock_leased
-- Those leases that are still held, locked in one order so that two settlements cannot wait for each other.
select q.subscription_key, q.entity_id, q.lease
from delivery_queue q
join unnest(%(subscription_keys)s::bigint[], %(entity_ids)s::text[], %(leases)s::uuid[])
    as l (subscription_key, entity_id, lease)
    on q.subscription_key = l.subscription_key and q.entity_id = l.entity_id and q.lease = l.lease
order by q.subscription_key, q.entity_id
for update of q;

-- name: settle_rows
-- One row per attempt or decision; only rows that still wait change. A dead letter keeps the change it tells of.
update outbox o
set state = r.state,
    attempts = o.attempts + r.attempted::integer,
    last_error = r.error,
    status = r.status,
    duration_ms = coalesce(r.duration_ms, o.duration_ms),
    settled_at = case when r.state = 0 then null else statement_timestamp() end,
    document = case
        when r.state = 2 then coalesce(o.document, (
            select c.document from change c where c.day = o.change_day and c.seq = o.change_seq
        ))
        else o.document
    end,
    changed_at = case
        when r.state = 2 then coalesce(o.changed_at, (
            select c.at from change c where c.day = o.change_day and c.seq = o.change_seq
        ))
        else o.changed_at
    end,
    via = case
        when r.state = 2 then coalesce(o.via, (
            select c.via from change c where c.day = o.change_day and c.seq = o.change_seq
        ))
        else o.via
    end
from unnest(%(days)s::date[], %(ids)s::bigint[], %(states)s::smallint[], %(attempted)s::boolean[],
    %(errors)s::text[], %(statuses)s::smallint[], %(durations_ms)s::integer[])
    as r (day, id, state, attempted, error, status, duration_ms)
where o.day = r.day and o.id = r.id and o.state = 0
returning o.subscription_key, o.state,
    extract(epoch from o.settled_at - coalesce(o.replayed_at, o.created_at))::double precision;

-- name: settle_rest
-- All rows of a queue that still wait (up to an age, if one is given).
update outbox o
set state = r.state, last_error = r.error, settled_at = statement_timestamp(),
    document = case
        when r.state = 2 then coalesce(o.document, (
            select c.document from change c where c.day = o.change_day and c.seq = o.change_seq
        ))
        else o.document
    end,
    changed_at = case
        when r.state = 2 then coalesce(o.changed_at, (
            select c.at from change c where c.day = o.change_day and c.seq = o.change_seq
        ))
        else o.changed_at
    end,
    via = case
        when r.state = 2 then coalesce(o.via, (
            select c.via from change c where c.day = o.change_day and c.seq = o.change_seq
        ))
        else o.via
    end
from unnest(%(subscription_keys)s::bigint[], %(entity_ids)s::text[], %(states)s::smallint[], %(errors)s::text[],
    %(older_than_s)s::double precision[]) as r (subscription_key, entity_id, state, error, older_than_s)
where o.subscription_key = r.subscription_key and o.entity_id = r.entity_id and o.state = 0
    and (
        r.older_than_s is null
        or coalesce(o.replayed_at, o.created_at) <= statement_timestamp() - make_interval(secs => r.older_than_s)
    )
returning o.subscription_key, o.state, null::double precision;

-- name: give_up_before
-- What a notifier is settling at this moment is its own.
with old as (
    select o.day, o.id
    from outbox o
    where o.state = 0 and o.day < %(day)s
    order by o.day, o.id
    limit %(limit)s
    for update skip locked
)
update outbox o
set state = %(state)s, last_error = %(error)s, settled_at = statement_timestamp()
from old
where o.day = old.day and o.id = old.id
returning o.subscription_key, o.state, null::double precision;

-- name: keep_documents
-- Rows that still wait take along what is about to be dropped.
with old as (
    select o.day, o.id, c.document, c.at, c.via
    from outbox o
    join change c on c.day = o.change_day and c.seq = o.change_seq
    where o.state = 0 and o.document is null and o.change_day = any (%(days)s::date[])
    limit %(limit)s
    for update of o skip locked
)
update outbox o
set document = old.document, changed_at = old.at, via = old.via
from old
where o.day = old.day and o.id = old.id;

-- name: add_to_counters
with locked as (
    select c.subscription_key
    from subscription_counter c
    where c.subscription_key = any (%(subscription_keys)s::bigint[])
    order by c.subscription_key
    for update
)
update subscription_counter c
set delivered = c.delivered + a.delivered,
    coalesced = c.coalesced + a.coalesced,
    dead_lettered = c.dead_lettered + a.dead_lettered,
    cancelled = c.cancelled + a.cancelled,
    times_sent = c.times_sent + a.sent,
    times_failed = c.times_failed + a.failed,
    last_notification = case when a.sent > 0 then statement_timestamp() else c.last_notification end,
    last_success = case when a.sent > a.failed then statement_timestamp() else c.last_success end,
    last_failure = case when a.failed > 0 then statement_timestamp() else c.last_failure end,
    last_error = coalesce(a.error, c.last_error)
from unnest(%(subscription_keys)s::bigint[], %(delivered)s::bigint[], %(coalesced)s::bigint[],
    %(dead_lettered)s::bigint[], %(cancelled)s::bigint[], %(sent)s::bigint[], %(failed)s::bigint[], %(errors)s::text[])
    as a (subscription_key, delivered, coalesced, dead_lettered, cancelled, sent, failed, error)
where c.subscription_key = a.subscription_key and c.subscription_key in (select l.subscription_key from locked l);

-- name: add_to_stats
insert into delivery_stat as d (day, subscription_key, hour, kind, count)
select (statement_timestamp() at time zone 'UTC')::date, a.subscription_key,
    date_trunc('hour', statement_timestamp(), 'UTC'), a.kind, a.count
from unnest(%(subscription_keys)s::bigint[], %(kinds)s::smallint[], %(counts)s::bigint[])
    as a (subscription_key, kind, count)
order by 1, 2, 3, 4
on conflict (day, subscription_key, hour, kind) do update set count = d.count + excluded.count;

-- name: close_circuits
-- An endpoint took something: it is open for all again. Gives those that had rested.
with good as (
    select c.endpoint, c.failures
    from delivery_circuit c
    where c.endpoint in (select s.endpoint from subscription s where s.key = any (%(subscription_keys)s::bigint[]))
    order by c.endpoint
    for update
), closed as (
    delete from delivery_circuit c using good where c.endpoint = good.endpoint
)
select endpoint from good where failures >= %(tolerated)s;

-- name: hurry_queues
-- What had failed at an endpoint that is well again need not wait for its own back-off. Queues that somebody else
-- works on are left alone: they are on their way.
with late as (
    select q.subscription_key, q.entity_id
    from subscription s
    join delivery_queue q on q.subscription_key = s.key
    where s.endpoint = any (%(endpoints)s::uuid[]) and q.attempts > 0 and q.due_at > statement_timestamp()
    for update of q skip locked
)
update delivery_queue q
set due_at = statement_timestamp()
from late
where q.subscription_key = late.subscription_key and q.entity_id = late.entity_id;

-- name: fail_trials
-- An endpoint that was tried rests again, longer each time, with full jitter.
with tried as (
    select c.endpoint, max(f.hold_s) as hold_s
    from unnest(%(subscription_keys)s::bigint[], %(holds_s)s::double precision[]) as f (subscription_key, hold_s)
    join subscription s on s.key = f.subscription_key
    join delivery_circuit c on c.endpoint = s.endpoint
    group by c.endpoint
), locked as (
    select c.endpoint from delivery_circuit c join tried t on t.endpoint = c.endpoint order by 1 for update of c
)
update delivery_circuit c
set failures = c.failures + 1,
    open_until = statement_timestamp() + make_interval(secs => greatest(t.hold_s, random() * least(
        %(longest_s)s::double precision, %(first_s)s::double precision * 2 ^ least(c.failures + 1 - %(tolerated)s, 30)
    )))
from tried t
where c.endpoint = t.endpoint and c.endpoint in (select l.endpoint from locked l);

-- name: count_failures
-- From so many failures in a row on an endpoint rests; those that were under way when it began to do not count again.
-- What the receiver or the subscription asks for (Retry-After, cooldown) holds from the first failure on.
insert into delivery_circuit as c (endpoint, failures, open_until)
select s.endpoint, least(sum(f.failures), %(tolerated)s),
    statement_timestamp() + make_interval(secs => greatest(
        max(f.hold_s), case when sum(f.failures) >= %(tolerated)s then random() * %(first_s)s::double precision end
    ))
from unnest(%(subscription_keys)s::bigint[], %(failures)s::integer[], %(holds_s)s::double precision[])
    as f (subscription_key, failures, hold_s)
join subscription s on s.key = f.subscription_key
where s.endpoint is not null
group by s.endpoint
order by s.endpoint
on conflict (endpoint) do update
set failures = case
        when c.failures >= %(tolerated)s then c.failures
        else least(c.failures + excluded.failures, %(tolerated)s)
    end,
    open_until = greatest(
        c.open_until,
        excluded.open_until,
        case
            when c.failures < %(tolerated)s and c.failures + excluded.failures >= %(tolerated)s
                then statement_timestamp() + make_interval(secs => random() * %(first_s)s::double precision)
        end
    );

-- name: remove_empty_queues
-- Runs after lock_leased, as a statement of its own: its snapshot holds every row whose writer locked the queue before
-- us, and a writer that comes after us waits for our commit and then inserts the queue anew.
delete from delivery_queue q
using unnest(%(subscription_keys)s::bigint[], %(entity_ids)s::text[]) as l (subscription_key, entity_id)
where q.subscription_key = l.subscription_key and q.entity_id = l.entity_id
    and not exists (
        select from outbox o
        where o.subscription_key = q.subscription_key and o.entity_id = q.entity_id and o.state = 0
    )
returning q.subscription_key, q.entity_id;

-- name: release_queues
update delivery_queue q
set lease = null,
    leased_until = null,
    due_at = statement_timestamp() + make_interval(secs => r.delay_s),
    attempts = r.attempts,
    failing_since = case
        when r.attempts = 0 then null
        when r.progressed then statement_timestamp()
        else coalesce(q.failing_since, statement_timestamp())
    end
from unnest(%(subscription_keys)s::bigint[], %(entity_ids)s::text[], %(delays_s)s::double precision[],
    %(attempts)s::integer[], %(progressed)s::boolean[])
    as r (subscription_key, entity_id, delay_s, attempts, progressed)
where q.subscription_key = r.subscription_key and q.entity_id = r.entity_id;

-- name: lock_epoch_of
select pg_advisory_xact_lock(%(lock)s, s.tenant_id) from subscription s where s.key = %(key)s;

-- name: pause_subscription
with paused as (
    update subscription
    set is_active = false, status_reason = %(reason)s
    where key = %(key)s and is_active
    returning tenant_id
)
update tenant t set epoch = t.epoch + 1 from paused p where t.id = p.tenant_id;

-- name: count_deliveries
-- What the notifier shows to its operator; waiting follows from the counters, so it costs no scan of the outbox.
select
    coalesce(sum(c.matched - c.delivered - c.coalesced - c.dead_lettered - c.cancelled), 0)::bigint as waiting,
    coalesce(sum(c.dead_lettered), 0)::bigint as dead_lettered,
    (select count(*) from delivery_queue q where q.leased_until > statement_timestamp()) as leased,
    (select count(*) from delivery_queue q where q.failing_since is not null) as failing,
    (select count(*) from delivery_circuit r where r.open_until > statement_timestamp()) as resting
from subscription_counter c;
