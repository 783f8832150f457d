-- Two secrets of a device while one replaces the other, client certificates, and who has to be thrown out.

alter table device_credential
    add column number integer not null default 1, -- which of the user names of the device it belongs to
    add column prefix text, -- the first characters of the secret, by which people tell two apart
    add column label text,
    add column expires_at timestamptz, -- null: until it is revoked
    add column last_used_at timestamptz, -- where a door of ours checked it; Mosquitto does not tell
    add column kicked_at timestamptz; -- revoked, and the broker has closed its connection
update device_credential set kicked_at = revoked_at where revoked_at is not null;
create index device_credential_device on device_credential (tenant_id, device_id, id) where revoked_at is null;
create index device_credential_expires on device_credential (expires_at)
    where revoked_at is null and expires_at is not null;
create index device_credential_kick on device_credential (id) where revoked_at is not null and kicked_at is null;

-- The authority that signs the certificates of devices and of our own broker; its key is sealed with the
-- installation's secret.
create table broker_authority (
    only_row boolean primary key default true check (only_row),
    certificate text not null, -- PEM
    sealed_key bytea not null,
    created_at timestamptz not null default now()
);

create table device_certificate (
    serial text primary key, -- hexadecimal, as in the certificate
    tenant_id integer not null,
    device_id text not null,
    username text not null, -- its common name
    fingerprint text not null, -- SHA-256, hexadecimal
    label text,
    not_before timestamptz not null,
    not_after timestamptz not null,
    created_at timestamptz not null default now(),
    revoked_at timestamptz,
    kicked_at timestamptz,
    foreign key (tenant_id, device_id) references device (tenant_id, id)
);
comment on table device_certificate is 'Client certificates that were signed; the private keys never were here';
create index device_certificate_device on device_certificate (tenant_id, device_id) where revoked_at is null;
create index device_certificate_revoked on device_certificate (not_after) where revoked_at is not null;
create index device_certificate_kick on device_certificate (serial) where revoked_at is not null and kicked_at is null;
