-- name: begin_session
insert into bridge_session (client_id) values (%(client_id)s)
on conflict (client_id) do update set number = bridge_session.number + 1, began_at = now()
returning number;

-- name: get_session
insert into bridge_session (client_id) values (%(client_id)s)
on conflict (client_id) do update set number = bridge_session.number
returning number;
