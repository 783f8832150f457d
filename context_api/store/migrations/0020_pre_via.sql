-- Through which brokers the request came that made a change (header Via): its notifications name them too.
alter table change add column via text;
