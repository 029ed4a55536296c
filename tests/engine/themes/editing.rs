//! The state edited by hand: taint, unprotect, remove, move.

use super::scenarios;

scenarios! {
    a_tainted_resource_is_replaced: "
        | a v=1
        | b from=$a
        up
        edit taint a
        up
          plan: +/a ~b -/a
          calls: create a, update b, delete a
          why a: it is tainted
        up
          calls:";
    a_tainted_name_is_deleted_first: "
        | a:named v=1
        up
        edit taint a
        up
          calls: delete a, create a";
    a_taint_survives_runs_that_do_not_replace: "
        | a v=1
        | b v=1
        up
        edit taint a
        preview
          plan: +/a -/a
        refresh
        | a v=1
        | b v=2
        up --target b
          calls: update b
        up
          calls: create a, delete a
        up
          calls:";
    a_taint_survives_a_rename: "
        | old v=1
        up
        edit taint old
        | new v=1 @alias(old)
        up
          calls: create new, delete new";
    several_may_be_tainted: "
        | a v=1
        | b from=$a
        up
        edit taint a
        edit taint b
        up
          plan: +/a +/b -/b -/a";
    a_taint_is_taken_back: "
        | a v=1
        up
        edit taint a
        edit untaint a
        up
          calls:";
    a_taint_that_meets_an_old_half: "
        | a fixed=1
        up
        | a fixed=2
        fault: refuse delete a
        up
          fails: refuses
        edit taint a
        up
          calls: create a, delete a, delete a
          state: a";
    a_replacement_by_taint_that_fails_stays_tainted: "
        | a v=1
        up
        edit taint a
        fault: refuse create a
        up
          fails: refuses
          state: a
        up
          calls: create a, delete a";
    a_tainted_one_that_is_protected: "
        | a v=1 @protect
        up
        edit taint a
        up
          fails: LZ0007";
    a_tainted_one_that_leaves: "
        | a v=1
        up
        edit taint a
        |
        up
          calls: delete a";
    nothing_of_that_name: "
        | a v=1
        up
        edit taint b
          fails: the state has no resource at b";
    protection_is_lifted_by_hand: "
        | a v=1 @protect
        up
        edit unprotect a
        destroy
          calls: delete a
          state:";
    what_is_removed_stays_in_the_cloud: "
        | a v=1
        | b v=1
        up
        edit remove a
          state: b
        destroy
          calls: delete b";
    what_others_depend_on_is_not_removed_alone: "
        | a v=1
        | b from=$a
        | c from=$b
        up
        edit remove a
          fails: b depends on it
          state: a b c
        edit remove a --dependents
          state:";
    what_is_protected_is_not_removed: "
        | a v=1 @protect
        up
        edit remove a
          fails: is protected
        edit unprotect a
        edit remove a
          state:";
    the_old_half_is_removed_with_it: "
        | a fixed=1
        up
        | a fixed=2
        fault: refuse delete a
        up
          fails: refuses
        edit remove a
          state:
        |
        up
          calls:";
    what_was_removed_may_be_adopted_again: "
        | a:named v=1
        up
        edit remove a
        | a:named v=1 @import(/a)
        up
          plan: =a
          calls:";
    a_move_by_hand_goes_with_the_program: "
        | a v=1
        | b @after(a)
        up
        edit move a app/c
          state: app/c b
        | app/c v=1
        | b @after(c)
        up
          calls:
        destroy
          calls: delete b, delete c";
    a_move_takes_along_what_lies_under_it: "
        | net v=1
        | sub v=1 @in(net)
        | b from=$sub
        up
        edit move net web
          state: web web/sub b
        | web v=1
        | sub v=1 @in(web)
        | b from=$sub
        up
          calls:";
    a_component_may_be_moved: "
        | old/a v=1
        | old/b v=$a.v
        up
        edit move old new
          state: new/a new/b
        | new/a v=1
        | new/b v=$a.v
        up
          calls:";
    a_move_onto_another_is_refused: "
        | a v=1
        | b v=1
        up
        edit move a b
          fails: there is a resource at b already
          state: a b";
    a_move_to_a_bad_name_is_refused: "
        | a v=1
        up
        edit move a x//y
          fails: name
          state: a";
    a_move_of_nothing: "
        | a v=1
        up
        edit move zz y
          fails: no resource at zz";
    nothing_is_edited_while_something_is_in_flight: "
        | a v=1
        fault: die after create a
        up
          fails: stopped
        edit taint a
          fails: was interrupted
        refresh
        edit taint a
        up
          calls: create a, delete a";
}
