-- People who log in: local accounts, recovery codes, sessions, and how often somebody guessed wrong.

create table account (
    id bigint generated always as identity primary key,
    name text not null unique check (name ~ '^[a-z0-9][a-z0-9._@+-]{0,127}$'), -- what is typed; letters are small
    shown text not null default '', -- what people call them
    organisation_id integer not null references organisation (id),
    role text not null check (role in ('administrator', 'staff', 'operator', 'partner')),
    tenants integer[], -- ids, fewer than the organisation's; null: all of them
    password_hash text, -- argon2id, with its parameters; null: none is set, a reset code sets the first
    must_change boolean not null default false, -- the password was chosen by somebody else
    reset_hash bytea, -- of the code that sets a new password, once
    reset_until timestamptz,
    totp_secret bytea, -- sealed with the installation's secret
    totp_confirmed boolean not null default false, -- a first code was shown; before it the secret asks for none
    totp_step bigint not null default 0, -- of the last code that was taken: a code counts once
    created_at timestamptz not null default now(),
    created_by text not null default 'system',
    modified_at timestamptz not null default now(),
    logged_in_at timestamptz,
    disabled_at timestamptz,
    disabled_by text
);
comment on table account is 'Local accounts of people; kept for good, at most disabled: history names them';
create index account_organisation on account (organisation_id, id);

create table recovery_code (
    account_id bigint not null references account (id) on delete cascade,
    hash bytea not null, -- keyed with the installation's secret
    used_at timestamptz,
    primary key (account_id, hash)
);

-- A session is of an account, or of somebody whom a provider vouches for: then the row says what was vouched for.
create table session (
    id bigint generated always as identity primary key, -- what its owner sees
    hash bytea not null unique, -- of the cookie, keyed with the installation's secret
    stage text not null check (stage in ('totp', 'password', 'enrol', 'open')), -- what is still asked for
    account_id bigint references account (id),
    principal text not null,
    shown text not null default '',
    organisation_id integer references organisation (id),
    role text,
    tenants integer[],
    provider text,
    id_token bytea, -- sealed; what the provider wants to see when the session ends there
    address text not null default '', -- by these two people recognise their own sessions
    agent text not null default '',
    created_at timestamptz not null default now(),
    seen_at timestamptz not null default now(), -- to the minute
    ends_at timestamptz not null,
    check ((account_id is null) = (provider is not null)),
    check (account_id is not null or role is not null and organisation_id is not null)
);
comment on table session is 'Console sessions; the row goes when the session ends';
create index session_principal on session (principal, id);
create index session_ends on session (ends_at);

-- Wrong passwords and codes, by keyed hashes of names and addresses that share a bounded number of rows.
create table login_failure (
    bucket integer primary key,
    failures integer not null,
    at timestamptz not null
) with (fillfactor = 50);
comment on table login_failure is 'At most 327,680 rows, however many names and addresses are tried';
