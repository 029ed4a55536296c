//! Replacements: order, cascades, triggers, leftovers of earlier ones.

use super::scenarios;

scenarios! {
    the_new_one_comes_first: "
        | a fixed=1
        | b from=$a
        up
        | a fixed=2
        | b from=$a
        up
          calls: create a, update b, delete a";
    the_old_one_goes_first_when_asked: "
        | a fixed=1 @dbr
        | b from=$a
        up
        | a fixed=2 @dbr
        | b from=$a
        up
          calls: delete a, create a, update b";
    what_stands_on_the_removed_is_replaced_before_it_is_made: "
        | a:named fixed=1
        | b from=$a.serial v=1
        | c fixed=1 from=$a.serial also=$b.v
        up
        | a:named fixed=2
        | c fixed=2 from=$a.serial
        up
          calls: delete c, delete b, delete a, create a, create c
          state: a c";
    what_it_used_may_have_to_go_before_it_changes: "
        | a:named fixed=1 v=1
        | b from=$a.serial v=1
        | c also=$b.v from=$a.serial
        up
        | a:named fixed=2 v=1
        | c from=$a.serial
        up
          calls: delete b, delete a, create a, update c
          state: a c";
    a_type_with_one_name_deletes_first: "
        | a:named fixed=1
        up
        | a:named fixed=2
        up
          calls: delete a, create a";
    the_program_overrides_the_type: "
        | a:dated fixed=1
        up
        | a:dated fixed=2
        up
          calls: create a, delete a
        | a:dated fixed=3 @dbr
        up
          calls: delete a, create a";
    a_fixed_input_from_a_replaced_one_replaces: "
        | a:named fixed=1
        | b:named fixed=$a.serial
        | c from=$b
        up
        | a:named fixed=2
        | b:named fixed=$a.serial
        | c from=$b
        up
          calls: delete b, delete a, create a, create b, update c";
    an_edge_alone_does_not_replace: "
        | a:named fixed=1
        | b:named v=1 @after(a)
        up
        | a:named fixed=2
        | b:named v=1 @after(a)
        up
          calls: delete a, create a";
    what_lies_inside_goes_along: "
        | net:named fixed=1
        | sub:named v=1 @in(net)
        up
        | net:named fixed=2
        | sub:named v=1 @in(net)
        up
          calls: delete sub, delete net, create net, create sub";
    a_cascade_goes_through_a_component: "
        | net:named fixed=1
        | app/x:named fixed=$net.serial
        up
        | net:named fixed=2
        | app/x:named fixed=$net.serial
        up
          calls: delete x, delete net, create net, create x";
    replace_on_changes_replaces: "
        | a v=1
        up
        | a v=2 @replaceOn(v)
        up
          calls: create a, delete a";
    replace_with_follows: "
        | a fixed=1
        | b v=1 @replaceWith(a)
        up
        | a fixed=2
        | b v=1 @replaceWith(a)
        up
          calls: create a, create b, delete b, delete a";
    replace_with_a_component: "
        | app/a fixed=1
        | app2 @component
        | app2/x fixed=1
        | b @replaceWith(app2)
        up
        | app/a fixed=1
        | app2 @component
        | app2/x fixed=2
        | b @replaceWith(app2)
        up
          plan: +/x +/b -/b -/x";
    replace_with_is_passed_on: "
        | a fixed=1
        | b @replaceWith(a)
        | c @replaceWith(b)
        up
        | a fixed=2
        | b @replaceWith(a)
        | c @replaceWith(b)
        up
          plan: +/a +/b +/c -/c -/b -/a";
    a_trigger_fires_when_it_differs: "
        | a v=1 @trigger(x)
        up
        | a v=1 @trigger(x)
        up
          calls:
        | a v=1 @trigger(y)
        up
          calls: create a, delete a";
    a_trigger_that_comes_or_goes_does_not_fire: "
        | a v=1
        up
        | a v=1 @trigger(x)
        up
          calls:
        | a v=1
        up
          calls:";
    a_trigger_on_a_replaced_resource_fires: "
        | a fixed=1
        | b v=1 @trigger($a)
        up
        | a fixed=2
        | b v=1 @trigger($a)
        up
          plan: +/a +/b -/b -/a";
    replacement_on_request: "
        | a v=1
        | b from=$a
        up
        up --replace a
          calls: create a, update b, delete a
        up --replace c
          fails: LZ0018";
    a_failed_second_half_is_taken_up: "
        | a:named fixed=1
        | b from=$a
        up
        | a:named fixed=2
        | b from=$a
        fault: refuse create a
        up
          fails: refuses
          state: b
        up
          calls: create a";
    a_failed_second_half_may_leave_the_program: "
        | a:named fixed=1
        up
        |  a:named fixed=2
        fault: refuse create a
        up
          fails: refuses
        |
        up
          calls:
          state:";
    a_failed_second_half_may_change_again: "
        | a:named fixed=1
        up
        | a:named fixed=2
        fault: refuse create a
        up
          fails: refuses
        | a:named fixed=3 v=1
        up
          calls: create a";
    the_old_one_is_deleted_later_if_need_be: "
        | a fixed=1
        up
        | a fixed=2
        fault: refuse delete a
        up
          fails: refuses
          state: a
        up
          plan: -/a
          calls: delete a";
    several_old_ones_may_wait: "
        | a fixed=1
        up
        | a fixed=2
        fault: refuse delete a
        up
          fails: refuses
        | a fixed=3
        fault: refuse delete a
        up
          fails: refuses
        up
          calls: delete a, delete a
        destroy
          calls: delete a";
    destroying_takes_the_old_ones_along: "
        | a fixed=1
        | b from=$a
        up
        | a fixed=2
        | b from=$a
        fault: refuse delete a
        up
          fails: refuses
        destroy
          calls: delete b, delete a, delete a
          state:";
    a_member_in_an_old_half_does_not_go_with_the_half_that_came_after: "
        | a fixed=1
        | b:named v=1 @with(a)
        up
        | a fixed=2
        fault: refuse delete b
        up
          fails: refuses
          calls: create a, delete b
        | a fixed=3 @dbr
        | b:named v=1 @with(a)
        up
          calls: delete b, delete a, create a, create b, delete a
          state: a b";
    a_retained_member_is_known_until_its_successor_is_there: "
        | a fixed=1
        | b v=1 @with(a) @retain
        up
        | a fixed=2
        | b v=1 @with(a) @retain
        fault: lose create b
        up
          fails: broke
          calls: create a, create b
        up
          calls: update b, delete a
          state: a b";
    a_retained_one_is_made_anew_beside_itself: "
        | a fixed=1 @retain
        up
        | a fixed=2 @retain @dbr
        up
          calls: create a
          state: a";
    a_retained_dependent_of_what_is_deleted_first_is_known_as_long: "
        | a:named fixed=1
        | b fixed=$a.serial @retain
        up
        | a:named fixed=2
        | b fixed=$a.serial @retain
        up
          calls: delete a, create a, create b
          state: a b";
    a_retained_one_is_let_go_for_an_import: "
        | a:named fixed=1
        | b v=1 @after(a)
        up
        cloud: make b#77 v=1
        | a:named fixed=2
        | b v=1 @after(a) @retain @import(b#77)
        up
          calls: delete a, create a
          state: a b
        up
          calls:";
    going_back_to_an_id_whose_old_half_is_still_there: "
        | a:dated fixed=1
        up
        | a:dated fixed=2
        fault: refuse delete a
        up
          fails: refuses
        | a:dated fixed=1
        up
          calls: delete a, create a, delete a
          state: a";
    going_back_with_a_dependent_that_has_moved_on: "
        | a:dated fixed=1
        | b from=$a
        up
        | a:dated fixed=2
        | b from=$a
        fault: refuse delete a
        up
          fails: refuses
          calls: create a, update b, delete a
        | a:dated fixed=1
        | b from=$a
        up
          calls: delete a, create a, update b, delete a
          state: a b";
    going_back_with_a_dependent_that_had_not_moved_on: "
        | a:dated fixed=1
        | b from=$a
        up
        | a:dated fixed=2
        | b from=$a
        fault: refuse update b
        up
          fails: refuses
          calls: create a, update b
        | a:dated fixed=1
        | b from=$a
        up
          state: a b";
    a_moved_id_is_another_resource: "
        | a:dated fixed=1
        | b from=$a
        up
        | a:dated fixed=2
        | b from=$a
        up
          calls: create a, update b, delete a";

    a_trigger_that_is_secret_is_compared_by_value: "
        | a v=1 @trigger(x)
        up
        | a v=1 @trigger(secret(x))
        up
          calls:
        | a v=1 @trigger(secret(y))
        up
          calls: create a, delete a";
    a_trigger_that_is_not_known_yet_fires: "
        | a v=1
        | b v=1 @trigger($a.v)
        up
        | a v=2
        | b v=1 @trigger($a.v)
        up
          plan: ~a +/b -/b
          why b: trigger";
    a_trigger_that_stays_known_does_not_fire: "
        | a v=1
        | b v=1 @trigger($a.serial)
        up
        | a v=2
        | b v=1 @trigger($a.serial)
        up
          plan: ~a";
    replace_with_and_a_change_of_its_own: "
        | a fixed=1
        | b v=1 @replaceWith(a)
        up
        | a fixed=2
        | b v=2 @replaceWith(a)
        up
          calls: create a, create b, delete b, delete a";
    replace_with_and_deleted_with: "
        | a:named fixed=1
        | b:named v=1 @with(a) @replaceWith(a)
        up
        | a:named fixed=2
        | b:named v=1 @with(a) @replaceWith(a)
        up
          calls: delete a, create a, create b";
    replace_with_what_deletes_first: "
        | a:named fixed=1
        | b:named v=1 @replaceWith(a)
        up
        | a:named fixed=2
        | b:named v=1 @replaceWith(a)
        up
          calls: delete b, delete a, create a, create b";
    replace_with_does_not_pull_the_other_along: "
        | a v=1
        | b fixed=1 @replaceWith(a)
        up
        | a v=1
        | b fixed=2 @replaceWith(a)
        up
          calls: create b, delete b";
    a_member_is_added_in_the_run_that_replaces: "
        | a:named fixed=1
        up
        | a:named fixed=2
        | b:named v=1 @with(a)
        up
          calls: delete a, create a, create b";
    deleted_with_is_added_in_the_run_that_replaces: "
        | a:named fixed=1
        | b:named v=1
        up
        | a:named fixed=2
        | b:named v=1 @with(a)
        up
          plan: -/a +/a -/b +/b";
    members_of_members_are_replaced_too: "
        | a:named fixed=1
        | b:named v=1 @with(a)
        | c:named v=1 @with(b)
        up
        | a:named fixed=2
        | b:named v=1 @with(a)
        | c:named v=1 @with(b)
        up
          calls: delete a, create a, create b, create c";
    a_protected_member_blocks_the_replacement_of_its_container: "
        | a:named fixed=1
        | b:named v=1 @with(a) @protect
        up
        | a:named fixed=2
        | b:named v=1 @with(a) @protect
        up
          fails: LZ0007
          calls:
        up --ignore-protect
          calls: delete a, create a, create b";
    a_chain_of_fixed_inputs_is_replaced_in_reverse: "
        | a:named fixed=1
        | b:named fixed=$a.serial
        | c:named fixed=$b.serial
        | d v=1
        up
        | a:named fixed=2
        | b:named fixed=$a.serial
        | c:named fixed=$b.serial
        | d v=1
        up
          calls: delete c, delete b, delete a, create a, create b, create c
          why c: comes from b, which is replaced";
    several_that_delete_first_at_once: "
        | a:named fixed=1
        | b:named fixed=1
        | c from=$a also=$b
        up
        | a:named fixed=2
        | b:named fixed=2
        | c from=$a also=$b
        up
          state: a b c";
    an_asked_for_replacement_of_a_protected_one: "
        | a v=1 @protect
        up
        up --replace a
          fails: LZ0007
          calls:
        up --replace a --ignore-protect
          calls: create a, delete a";
    several_may_be_asked_for: "
        | app/a v=1
        | app/b v=1
        | c v=1
        up
        up --replace app/*
          calls: create a, create b, delete a, delete b";
    an_update_keeps_an_old_half_that_waits: "
        | a fixed=1 v=1
        up
        | a fixed=2 v=1
        fault: refuse delete a
        up
          fails: refuses
        | a fixed=2 v=2
        up
          calls: update a, delete a";
    a_target_leaves_an_old_half_of_another_alone_or_deletes_it: "
        | a fixed=1
        | b v=1
        up
        | a fixed=2
        | b v=1
        fault: refuse delete a
        up
          fails: refuses
        | a fixed=2
        | b v=2
        up --target b
          state: a b
        up
          state: a b";
    what_is_replaced_and_leaves_before_its_old_half_went: "
        | a fixed=1
        | b v=1
        up
        | a fixed=2
        | b v=1
        fault: refuse delete a
        up
          fails: refuses
        | b v=1
        up
          calls: delete a, delete a
          state: b";
    both_halves_of_an_interrupted_replacement: "
        | a:named fixed=1
        | b:named fixed=$a.serial
        up
        | a:named fixed=2
        | b:named fixed=$a.serial
        fault: refuse create b
        up
          fails: refuses
          calls: delete b, delete a, create a, create b
          state: a
        up
          calls: create b
          state: a b";
}
