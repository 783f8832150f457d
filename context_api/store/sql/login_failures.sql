-- name: lock_failures
select bucket, failures, extract(epoch from now() - at)::double precision
from login_failure where bucket = any(%(buckets)s) order by bucket for update;

-- name: add_failure
insert into login_failure (bucket, failures, at) values (%(bucket)s, 1, now())
on conflict (bucket) do update
set failures = case when login_failure.at < now() - make_interval(secs => %(fade_s)s) then 1
        else least(login_failure.failures + 1, 1000000) end,
    at = now();

-- name: forget_failures
delete from login_failure where bucket = any(%(buckets)s);

-- name: take_back_failure
update login_failure set failures = greatest(failures - 1, 0) where bucket = %(bucket)s;
