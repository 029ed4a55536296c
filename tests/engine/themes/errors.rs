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
}
