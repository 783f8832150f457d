-- The audit trail (audit.py, audit_reading.py, audit_months.py).

-- name: record
insert into audit_entry (chain, body) values (%s, %s)
