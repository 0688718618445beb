-- delivery_legal_move judges the pair that a statement names; these see whether the named past is the row's own. A statement that takes came_from from
-- the row never calls the function. After, not before: a trigger before an update locks each row once more, and logs that.

create function refuse_false_past() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise check_violation using
    message = format('came_from says %s, and the delivery was %s', coalesce(new.came_from, 'new'),
                     case tg_op when 'INSERT' then 'new' else old.state end),
    hint = 'set came_from = state in the update that sets the state',
    schema = tg_table_schema, table = tg_table_name, constraint = 'delivery_true_past';
end $$;

create trigger delivery_true_past after update of state on delivery
  for each row when (new.came_from is distinct from old.state) execute function refuse_false_past();
create trigger delivery_true_birth after insert on delivery
  for each row when (new.came_from is not null) execute function refuse_false_past();

-- Whether a trigger fires is not asked of the role that writes.
revoke execute on function refuse_false_past from public;
