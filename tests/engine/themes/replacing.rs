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
        | b v=1 @trigger(a)
        up
        | a fixed=2
        | b v=1 @trigger(a)
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
    a_moved_id_is_another_resource: "
        | a:dated fixed=1
        | b from=$a
        up
        | a:dated fixed=2
        | b from=$a
        up
          calls: create a, update b, delete a";
}
