-- Streams read changes in the order of their numbers, whatever day they are of. An index besides the key cost a write
-- about a tenth of PostgreSQL's time (benchmarks/ingest_store.py); the key in this order serves all readers for nothing.
alter table change drop constraint change_pkey;
alter table change add primary key (seq, day);
