-- When the entity, or the first of its attribute instances, expires: where the worker looks for what is over.
-- Attributes that were there before are found when their entity is written next.
alter table entity add column next_expiry timestamptz;
update entity set next_expiry = expires_at where expires_at is not null;
create index entity_next_expiry on entity (next_expiry) where next_expiry is not null;
drop index entity_expires;
