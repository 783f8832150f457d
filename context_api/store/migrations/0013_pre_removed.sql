-- Which entities carry tombstones of attributes: housekeeping looks for old ones.
create index entity_removed on entity (tenant_id, id) where removed is not null;
