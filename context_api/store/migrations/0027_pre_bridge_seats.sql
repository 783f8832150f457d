-- Several bridges: which of them serves which session, for how long, and whether the broker queues in it.
alter table bridge_session
    add column holder text,
    add column fence bigint not null default 0,
    add column held_until timestamptz not null default 'epoch',
    add column subscribed_at timestamptz,
    add column is_empty boolean not null default false;
update bridge_session set subscribed_at = began_at;
comment on column bridge_session.holder is 'The bridge that serves the session; null = nobody';
comment on column bridge_session.fence is 'Counts the times the session was taken: who holds an older one writes no more';
comment on column bridge_session.held_until is 'When the holder''s lease runs out unless it is renewed';
comment on column bridge_session.subscribed_at is 'Since when the broker queues messages in it, for certain';
comment on column bridge_session.is_empty is 'It was emptied on purpose, and the broker queues nothing in it';
