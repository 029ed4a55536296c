//! Hooks of the program around steps, and its say about failed attempts.

use super::scenarios;

scenarios! {
    a_hook_before_may_refuse: "
        | a v=1 @failing(before,create)
        up
          fails: a hook before it failed
          calls:
          state:
        | a v=1
        up
          calls: create a";
    a_hook_after_fails_the_run_and_not_the_resource: "
        | a v=1 @failing(after,create)
        | b from=$a
        up
          fails: a hook after it failed
          calls: create a
          state: a
        up
          calls: create b";
    hooks_that_agree_are_not_noticed: "
        | a v=1 @hook(before,create) @hook(after,create) @hook(before,update)
        up
          calls: create a
        | a v=2 @hook(before,update) @hook(after,update)
        up
          calls: update a";
    a_delete_with_hooks_needs_the_program: "
        | a v=1 @hook(before,delete)
        up
        destroy
          fails: LZ0013
          calls:
        destroy --run-program
          calls: delete a
          state:";
    a_hook_before_a_delete_may_refuse: "
        | a v=1 @failing(before,delete)
        up
        destroy --run-program
          fails: a hook before it failed
          calls:
          state: a";
    a_failed_attempt_is_repeated_when_the_program_says_so: "
        | a v=1 @retry(3)
        fault: refuse create a
        up
          fails: refuses
          calls: create a, create a, create a
        up
          calls: create a";
    destroying_with_the_program_takes_what_it_does_not_declare: "
        | a v=1
        | b v=1
        up
        | a v=1
        destroy --run-program
          calls: delete a, delete b
          state:";

    hooks_never_run_in_a_preview: "
        | a v=1 @noted(before,create) @noted(after,create)
        preview
          plan: +a
          calls:";
    hooks_around_a_create: "
        | a v=1 @noted(before,create) @noted(after,create)
        up
          calls: before create a ->1, create a, after create a ->1";
    hooks_around_an_update_know_before_and_after: "
        | a v=1
        up
        | a v=2 @noted(before,update) @noted(after,update)
        up
          calls: before update a 1>2, update a, after update a 1>2";
    hooks_around_a_delete_know_what_there_was: "
        | a v=1 @noted(before,delete) @noted(after,delete)
        up
        destroy --run-program
          calls: before delete a 1>-, delete a, after delete a 1>-
          state:";
    a_replacement_runs_the_hooks_of_both_halves: "
        | a v=1 fixed=1
        up
        | a v=1 fixed=2 @noted(before,create) @noted(after,create) @noted(before,delete) @noted(after,delete)
        up
          calls: before create a ->1, create a, after create a ->1, before delete a 1>-, delete a, after delete a 1>-";
    a_replacement_that_deletes_first_runs_them_in_that_order: "
        | a:named v=1 fixed=1
        up
        | a:named v=1 fixed=2 @noted(before,create) @noted(after,delete)
        up
          calls: delete a, after delete a 1>-, before create a ->1, create a";
    hooks_of_one_point_run_in_order_until_one_refuses: "
        | a v=1 @noted(before,create) @failing(before,create)
        up
          fails: a hook before it failed
          calls: before create a ->1
        | b v=1 @failing(before,create) @noted(before,create)
        up
          fails: a hook before it failed
          calls:";
    a_hook_before_an_update_may_refuse: "
        | a v=1
        up
        | a v=2 @failing(before,update)
        up
          fails: a hook before it failed
          calls:
          state: a
        | a v=2
        up
          calls: update a";
    a_hook_after_an_update_fails_the_run_only: "
        | a v=1
        up
        | a v=2 @failing(after,update)
        up
          fails: a hook after it failed
          calls: update a
        up
          calls:";
    a_hook_after_a_delete_fails_the_run_only: "
        | a v=1 @failing(after,delete)
        up
        destroy --run-program
          fails: a hook after it failed
          calls: delete a
          state:";
    a_failed_hook_stops_what_has_not_begun: "
        | a v=1 @failing(after,create)
        | b v=1
        up
          fails: a hook after it failed
          calls: create a
          state: a";
    going_on_past_a_failed_hook: "
        | a v=1 @failing(after,create)
        | b from=$a
        | c v=1
        up --continue-on-error
          fails: a hook after it failed
          calls: create a, create c
          state: a c
        up
          calls: create b";
    going_on_past_a_hook_that_refuses: "
        | a v=1 @failing(before,create)
        | b from=$a
        | c v=1
        up --continue-on-error
          fails: a hook before it failed
          calls: create c
          state: c";
    hooks_after_a_delete_need_the_program_too: "
        | a v=1 @hook(after,delete)
        up
        |
        up
          fails: LZ0013
          calls:
          state: a";
    hooks_that_were_taken_off_do_not_hold_a_delete_up: "
        | a v=1 @hook(before,delete)
        up
        | a v=1
        up
          calls:
        destroy
          calls: delete a";
    hooks_around_a_delete_follow_a_rename: "
        | old v=1 @hook(before,delete)
        up
        | new v=1 @alias(old) @noted(before,delete)
        destroy --run-program
          calls: before delete old 1>-, delete old
          state:";
    a_hook_that_panics_is_one_that_fails: "
        | a v=1 @panicking(before,create)
        up
          fails: it panicked: the hook trips
          calls:
          state:
        | a v=1 @panicking(after,create)
        up
          fails: a hook after it failed: it panicked
          calls: create a
          state: a";
    an_import_runs_no_hooks: "
        cloud: make x#0 v=1
        | a v=1 @import(x#0) @noted(before,create) @noted(after,create)
        up
          plan: =a
          calls:";
    looking_at_something_runs_no_hooks: "
        cloud: make /net v=1
        | b v=1
        | net @existing(/net) @noted(before,delete) @noted(after,create)
        | c from=$net.v
        up
          calls: create b, create c";
    what_is_not_selected_runs_no_hooks: "
        | a v=1 @noted(before,create)
        | b v=1 @noted(before,create)
        up --target b
          calls: before create b ->1, create b";
    a_hook_may_come_by_a_transform: "
        | * @transform(failing)
        | a v=1
        up
          fails: a hook before it failed
          calls:";
    nobody_is_asked_about_an_attempt_that_succeeds: "
        | a v=1 @retry(3)
        up
          calls: create a
        | a v=2 @retry(3)
        up
          calls: update a
        destroy --run-program
          calls: delete a";
    a_failed_update_is_repeated: "
        | a v=1
        up
        | a v=2 @retry(3)
        fault: refuse update a
        up
          fails: refuses
          calls: 3 x update a
        up
          calls: update a";
    a_failed_delete_is_repeated: "
        | a v=1 @retry(3)
        up
        fault: refuse delete a
        destroy --run-program
          fails: refuses
          calls: 3 x delete a
          state: a
        destroy
          calls: delete a";
    one_that_wants_another_attempt_is_enough: "
        | a v=1 @retry(1) @retry(2)
        fault: refuse create a
        up
          fails: refuses
          calls: 2 x create a";
    one_is_enough_for_updates_too: "
        | a v=1
        up
        | a v=2 @retry(1) @retry(3)
        fault: refuse update a
        up
          fails: refuses
          calls: 3 x update a";
    one_is_enough_for_deletes_too: "
        | a v=1 @retry(2) @retry(1)
        up
        fault: refuse delete a
        destroy --run-program
          fails: refuses
          calls: 2 x delete a";
    none_that_wants_another_attempt: "
        | a v=1 @retry(1) @retry(1)
        fault: refuse create a
        up
          fails: refuses
          calls: create a";
    nobody_who_decides_about_attempts: "
        | a v=1 @noted(before,create)
        fault: refuse create a
        up
          fails: refuses
          calls: before create a ->1, create a";
    attempts_are_counted_for_each_resource: "
        | a v=1 @retry(3)
        | b v=1 @retry(2)
        fault: refuse create a
        fault: refuse create b
        up --continue-on-error
          fails: 2 of the steps failed
          calls: 3 x create a, 2 x create b";
    a_hundred_attempts_are_enough: "
        | a v=1 @retry(1000)
        fault: refuse create a
        up
          fails: refuses
          calls: 100 x create a
          state:";
    a_hundred_updates_are_enough: "
        | a v=1
        up
        | a v=2 @retry(1000)
        fault: refuse update a
        up
          fails: refuses
          calls: 100 x update a
          state: a";
    a_hundred_deletes_are_enough: "
        | a v=1 @retry(1000)
        up
        fault: refuse delete a
        destroy --run-program
          fails: refuses
          calls: 100 x delete a
          state: a";
    what_was_made_after_all_is_not_made_again: "
        | a v=1 @retry(3)
        fault: lose create a
        up
          fails: the connection broke
          calls: create a
          state: a
        up
          calls: update a";
    an_update_of_unknown_outcome_may_be_repeated: "
        | a v=1
        up
        | a v=2 @retry(2)
        fault: lose update a
        up
          fails: the connection broke
          calls: 2 x update a";
}
