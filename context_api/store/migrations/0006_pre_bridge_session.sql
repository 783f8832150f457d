-- Which session of a bridge at its broker the receipts belong to: packet ids start anew with a new session.
create table bridge_session (
    client_id text primary key,
    number integer not null default 1,
    began_at timestamptz not null default now()
);
comment on table bridge_session is 'How many sessions the broker began for each bridge; names them in receipt.session';
