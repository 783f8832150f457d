-- What history alone does not tell of a series and day: values that came late, and values that came again. Only what
-- is out of the ordinary has a row, so readings that arrive in order cost nothing here. Corrected values are counted
-- from observation_superseded.
create table arrival_day (
    series_id integer not null,
    day date not null, -- of the value's time, in Japan
    late bigint not null default 0, -- new to history, but older than what the entity had by then
    duplicate bigint not null default 0, -- the same value for the same time, again
    primary key (series_id, day)
) with (fillfactor = 70);
