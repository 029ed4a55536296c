//! Saved plans: exactly what was shown, or nothing.

use super::scenarios;

scenarios! {
    a_saved_plan_is_carried_out: "
        | a v=1
        | b from=$a
        preview --save
          plan: +a +b
        up --plan
          calls: create a, create b
          state: a b";
    a_saved_plan_is_carried_out_once: "
        | a v=1
        preview --save
        up --plan
          calls: create a
        up --plan
          fails: the state has changed
          calls:";
    a_resource_that_was_not_planned: "
        | a v=1
        preview --save
        | a v=1
        | b v=1
        up --plan
          fails: was not planned
          calls:";
    a_resource_that_was_planned_and_left_the_program: "
        | a v=1
        | b v=1
        preview --save
        | a v=1
        up --plan
          fails: is not needed any more
          calls:";
    an_input_that_changed_since: "
        | a v=1
        preview --save
        | a v=2
        up --plan
          fails: would do something else
          calls:";
    a_secret_that_changed_since: "
        | a v=secret(x)
        preview --save
        | a v=secret(y)
        up --plan
          fails: would do something else
          calls:";
    a_state_that_changed_since: "
        | a v=1
        up
        | a v=2
        preview --save
        | a v=3
        up
        | a v=2
        up --plan
          fails: the state has changed
          calls:";
    a_deletion_that_was_planned: "
        | a v=1
        | b v=1
        up
        | a v=1
        preview --save
          plan: -b
        up --plan
          calls: delete b
          state: a";
    a_deletion_that_was_not_planned: "
        | a v=1
        | b v=1
        up
        | a v=2
        | b v=1
        preview --save
        | a v=2
        up --plan
          fails: delete
          calls:";
    a_replacement_that_was_planned_as_an_update: "
        | a v=1 fixed=1
        up
        | a v=2 fixed=1
        preview --save
        | a v=2 fixed=2
        up --plan
          fails: was not planned
          calls:";
    a_plan_of_nothing: "
        | a v=1
        up
        preview --save
          plan:
        up --plan
          calls:";
    a_plan_of_nothing_does_not_allow_something: "
        | a v=1
        up
        preview --save
        | a v=2
        up --plan
          fails: was not planned
          calls:";
    what_is_not_known_yet_may_become_anything: "
        | a v=1
        | b n=$a.serial
        preview --save
        up --plan
          calls: create a, create b";
    an_update_that_was_feared_may_be_dropped: "
        | a v=1
        | b v=$a.v n=late(a)
        up
        | a v=2
        | b v=$a.v n=late(a)
        preview --save
          plan: ~a ~b
        up --plan
          calls: update a, update b";
    a_plan_with_an_alias: "
        | old v=1
        up
        | new v=2 @alias(old)
        preview --save
          plan: ~new
        up --plan
          calls: update new
          state: new";
    a_plan_with_targets: "
        | a v=1
        | b v=1
        preview --save --target a
          plan: +a
        up --plan
          fails: was not planned
        up --plan --target a
          calls: create a
          state: a";
    a_plan_that_failed_in_the_middle_is_made_again: "
        | a v=1
        | b from=$a
        preview --save
        fault: refuse create b
        up --plan
          fails: refuses
          state: a
        up --plan
          fails: the state has changed
        up
          calls: create b";
    a_plan_with_something_only_looked_at: "
        cloud: make /net v=1
        | net @existing(/net)
        | b v=$net.v
        preview --save
        cloud: set /net.v=2
        up --plan
          fails: would do something else
          calls:
        cloud: set /net.v=1
        up --plan
          calls: create b";
    a_plan_with_a_dependent_delete: "
        | a v=1
        | b from=$a
        up
        |
        preview --save
          plan: -b -a
        up --plan
          calls: delete b, delete a";
    a_saved_plan_binds_the_first_wave: "
        | a v=1
        | b v=1 @scope(a)
        preview --save
          plan: +a
        up --plan
          waves: 2
          calls: create a, create b";
}
