-- What the notifier needs to lease queues fairly and to know for how long one has been failing.

alter table delivery_queue add column failing_since timestamptz; -- null: the last attempt succeeded, or none was made

-- Leasing steps from subscription to subscription and takes a few due queues of each, so that one subscription
-- with ten thousand queues costs the others nothing.
drop index delivery_queue_due;
create index delivery_queue_due on delivery_queue (subscription_key, due_at);

comment on table delivery_queue is
    'One row per (subscription, entity) with waiting outbox rows. A writer inserts with ON CONFLICT DO UPDATE, '
    'which locks the row until it commits: the notifier removes a row only after it has locked it and then seen '
    'that nothing waits, so no row of the outbox is ever left without its queue';
