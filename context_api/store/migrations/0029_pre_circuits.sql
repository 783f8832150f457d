-- Topics of one MQTT broker rest together: they are reached by one connection. Dead letters keep the way of their change.

drop index subscription_endpoint;
alter table subscription drop column endpoint;
-- Which endpoint a subscription leads to, without the address, which may hold a secret. Paths of an HTTP host fail apart.
alter table subscription add column endpoint uuid generated always as (md5(
    regexp_replace(document #>> '{notification,endpoint,uri}', '^(mqtts?://[^/?#]+).*$', '\1')
)::uuid) stored;
create index subscription_endpoint on subscription (endpoint);
delete from delivery_circuit c where not exists (select from subscription s where s.endpoint = c.endpoint);

alter table outbox add column via text; -- of the change, where `document` is kept here
