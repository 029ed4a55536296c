//! Deeds of the program around steps, and its say about failed attempts.

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
}
