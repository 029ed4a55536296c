//! Failures: what stops, what goes on, what is left.

use super::scenarios;

scenarios! {
    the_first_failure_stops_what_has_not_begun: "
        | a v=1
        | b from=$a
        | c v=1
        fault: refuse create a
        up
          fails: a: the cloud refuses
          calls: create a
          state:";
    going_on_does_what_does_not_depend_on_it: "
        | a v=1
        | b from=$a
        | c v=1
        fault: refuse create a
        up --continue-on-error
          fails: a: the cloud refuses
          calls: create a, create c
          state: c
        up
          calls: create a, create b";
    going_on_after_a_failed_update: "
        | a v=1
        | b from=$a.v
        | c v=1
        up
        | a v=2
        | b from=$a.v
        | c v=2
        fault: refuse update a
        up --continue-on-error
          fails: refuses
          calls: update a, update c
          state: a b c
        up
          calls: update a, update b";
    going_on_deletes_what_is_not_blocked: "
        | a v=1
        | b from=$a
        | c v=1
        up
        fault: refuse delete b
        destroy --continue-on-error
          fails: b: the cloud refuses
          calls: delete b, delete c
          state: a b
        destroy
          calls: delete b, delete a";
    several_failures_are_all_told: "
        | a v=1
        | b v=1
        fault: refuse create a
        fault: refuse create b
        up --continue-on-error
          fails: 2 of the steps failed
          calls: create a, create b";
    a_lost_create_is_told_from_what_has_the_same_name: "
        | d v=1
        up
        | app/d v=1
        fault: lose create d
        up
          fails: the connection broke
          calls: create d
          state: d app/d
        up
          plan: ~d -d
          calls: update d, delete d
          state: app/d";
    a_resource_of_the_same_name_elsewhere_is_another: "
        | d v=1
        up
        | app/d v=1
        up
          calls: create d, delete d
          state: app/d";
    an_update_of_what_is_gone_fails_and_says_so: "
        | a v=1
        up
        cloud: gone a
        | a v=2
        up
          fails: does not exist
          state: a
        up --refresh
          calls: create a";

    what_was_made_and_is_not_healthy_is_kept_and_written_again: "
        | a v=1
        | b from=$a
        fault: sick create a
        up
          fails: a is not healthy
          calls: create a
          state: a
        up
          plan: ~a +b
          calls: update a, create b";
    an_update_that_leaves_it_unhealthy_is_repeated: "
        | a v=1
        up
        | a v=2
        fault: sick update a
        up
          fails: a is not healthy
          state: a
        up
          calls: update a
        up
          calls:";
    what_is_not_healthy_may_be_deleted: "
        | a v=1
        fault: sick create a
        up
          fails: not healthy
        destroy
          calls: delete a
          state:";
    ignored_changes_do_not_hide_bad_health: "
        | a v=1 @ignore(v)
        fault: sick create a
        up
          fails: not healthy
        up
          calls: update a";
    a_create_that_takes_too_long_is_settled_by_reading: "
        | a v=1 @timeout(create)
        fault: hang create a
        up
          fails: has not ended after 1ms
          state: a
        up
          calls: update a";
    an_update_that_takes_too_long: "
        | a v=1
        up
        | a v=2 @timeout(update)
        fault: hang update a
        up
          fails: the update has not ended
          state: a
        up
          calls: update a";
    a_delete_that_takes_too_long_is_settled_by_reading: "
        | a v=1 @timeout(delete)
        | b v=1 @after(a) @timeout(delete)
        up
        fault: hang delete b
        fault: hang delete a
        destroy
          calls: delete b, delete a
          state:";
    a_provider_that_panics_fails_one_step: "
        | a v=1
        | b v=1
        fault: panic create a
        up --continue-on-error
          fails: the provider panicked
          state: b
        up
          calls: create a
          state: a b";
    going_on_past_a_failed_delete_of_something_replaced: "
        | a fixed=1
        | b v=1
        up
        | a fixed=2
        | b v=2
        fault: refuse delete a
        up --continue-on-error
          fails: refuses
          calls: create a, update b, delete a
          state: a b
        up
          calls: delete a";
    going_on_imports_what_it_can: "
        cloud: make x#0 v=1
        | a v=1 @import(x#0)
        | b v=1
        | c from=$a
        fault: refuse create b
        up --continue-on-error
          fails: refuses
          calls: create b, create c
          state: a c";
    a_dependent_of_two_of_which_one_failed: "
        | a v=1
        | b v=1
        | c from=$a also=$b
        fault: refuse create b
        up --continue-on-error
          fails: refuses
          calls: create a, create b
          state: a
        up
          calls: create b, create c";
    a_failure_in_front_of_a_component: "
        | a v=1
        | app/x from=$a
        | app/y from=$x
        | z v=1
        fault: refuse create a
        up --continue-on-error
          fails: refuses
          calls: create a, create z
          state: z";
    what_succeeded_before_a_failure_is_exported: "
        | a v=1
        | b from=$a
        fault: refuse create b
        up
          fails: refuses
          exports: a
        up
          exports: a b";
    a_dependent_is_told_after_what_it_depends_on: "
        | a v=1
        | b n=$a.serial
        | c from=$b
        up
          told: create a, create b, create c
        | a v=2 reset=1
        | b n=$a.serial
        | c from=$b
        up
          told: update a, unchanged b, unchanged c";
    destroying_goes_on_and_deletes_the_rest_later: "
        | a v=1
        | b from=$a
        | c from=$b
        | d v=1
        up
        fault: refuse delete b
        destroy --continue-on-error
          fails: refuses
          state: a b
        destroy
          calls: delete b, delete a
          state:";
}
