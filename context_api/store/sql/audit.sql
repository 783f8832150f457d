-- The audit trail (audit.py, audit_reading.py, audit_months.py).

-- name: record
insert into audit_entry (chain, body) values (%s, %s)

-- name: list_entries
select a.at, a.chain, t.name, a.number, a.body, a.hash
from audit a
left join tenant t on t.id = a.chain
where (%(chains)s::integer[] is null or a.chain = any (%(chains)s))
    and (%(since)s::timestamptz is null or a.at >= %(since)s)
    and (%(until)s::timestamptz is null or a.at < %(until)s)
    and (%(principal)s::text is null or a.principal = %(principal)s)
    and (%(organisation)s::integer is null or a.organisation = %(organisation)s)
    and (%(verb)s::text is null or a.verb = %(verb)s)
    and (%(kind)s::text is null or a.kind = %(kind)s)
    and (%(target)s::text is null or a.target = %(target)s)
    and (%(outcome)s::text is null or a.outcome = %(outcome)s)
    and (%(request)s::text is null or a.request = %(request)s)
    and (%(after_at)s::timestamptz is null
        or (a.at, a.chain, a.number) < (%(after_at)s, %(after_chain)s::integer, %(after_number)s::bigint))
order by a.at desc, a.chain desc, a.number desc
limit %(limit)s

-- name: list_heads
select h.chain, t.name, h.number, h.at, h.hash
from audit_head h
left join tenant t on t.id = h.chain
order by h.chain

-- name: list_chains
select chain from audit_head union select chain from audit order by 1

-- name: read_links
select a.number, (extract(epoch from a.at) * 1000000)::bigint, a.body, a.previous, a.hash,
    a.principal, a.organisation, a.verb, a.kind, a.target, a.outcome, a.request
from audit a
where a.chain = %s and (a.number, a.at) > (%s, 'epoch'::timestamptz + %s * interval '1 microsecond')
order by a.number, a.at
limit %s

-- name: make_month
select audit_make_month(%s)

-- name: list_months
select to_date(right(c.relname, 6), 'YYYYMM')
from pg_inherits i
join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'machi.audit'::regclass and c.relname ~ '^audit_[0-9]{6}$'
order by 1

-- name: has_stray
select exists (select from audit_default where at < %s)

-- name: list_ends
select distinct on (chain) chain, number, at, hash, count(*) over (partition by chain)
from audit
where at < %s
order by chain, number desc

-- name: get_subscription_of_key
select tenant_id, id from subscription where key = %s
