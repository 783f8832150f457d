-- Streams read changes in the order of their numbers, whatever day they are of.
create index change_by_seq on change (seq);
