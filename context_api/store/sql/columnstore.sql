-- name: is_enabled
select compression_enabled from timescaledb_information.hypertables
where hypertable_schema = 'machi' and hypertable_name = 'observation'

-- name: enable
alter table machi.observation set (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'series_id',
    timescaledb.compress_orderby = 'at'
)

-- name: list_uncompressed
-- Of the status, 1 is compressed; with 2 (unordered) or 8 (partial) it was written to since.
select format('%%I.%%I', chunk_schema, chunk_name)
from timescaledb_information.chunks
cross join lateral _timescaledb_functions.chunk_status(format('%%I.%%I', chunk_schema, chunk_name)::regclass) as status
where hypertable_schema = 'machi' and hypertable_name = 'observation' and range_end <= %s
    and (status & 1 = 0 or status & 10 <> 0)
order by range_end

-- name: compress
select compress_chunk(%s::regclass, if_not_compressed => true)

-- name: count
select count(*), count(*) filter (where is_compressed),
    coalesce(hypertable_size('machi.observation'), 0)
from timescaledb_information.chunks
where hypertable_schema = 'machi' and hypertable_name = 'observation'
