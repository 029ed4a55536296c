//! Drift: what somebody else changed, and what is gone.

use super::scenarios;

scenarios! {
    what_drifted_is_put_right: "
        | a v=1
        up
        cloud: set a.v=7
        up
          plan:
          calls:
        up --refresh
          plan: ~a
          calls: update a
        up --refresh
          calls:";
    what_nobody_declared_cannot_drift: "
        | a v=1
        up
        cloud: set a.other=7
        up --refresh
          plan:
          calls:";
    what_is_gone_is_made_again: "
        | a v=1
        | b from=$a
        up
        cloud: gone a
        up --refresh
          calls: create a, update b
          state: a b";
    refresh_alone_changes_the_state_only: "
        | a v=1
        | b v=1
        up
        cloud: set a.v=7
        cloud: gone b
        refresh
          calls:
          state: a
        up
          calls: update a, create b";
    a_refresh_that_finds_nothing: "
        | a v=1
        up
        refresh --expect-no-changes
          calls:
        cloud: set a.v=2
        refresh --expect-no-changes
          fails: no changes were expected";
    a_parent_that_is_gone_leaves_its_children: "
        | net v=1
        | sub v=1 @in(net)
        up
        cloud: gone net
        refresh
          state: net/sub
        destroy
          calls: delete sub";
    what_a_program_accepts_is_no_drift: "
        | a v=1
        up
        cloud: set a.v=7
        | a v=7
        up --refresh
          plan:
          calls:";
    ignored_drift_stays: "
        | a v=1 @ignore(v)
        up
        cloud: set a.v=7
        up --refresh
          plan:
          calls:";
    a_dependent_of_a_drifted_output_is_put_right: "
        | a v=1
        | b from=$a.w
        up
          fails: `w`";
    a_destroyed_world_is_no_obstacle: "
        | a v=1
        | b from=$a
        up
        cloud: gone a
        cloud: gone b
        destroy --refresh
          calls:
          state:";
    a_preview_shows_drift_and_keeps_it: "
        | a v=1
        up
        cloud: set a.v=7
        preview --refresh
          plan: ~a
        up
          calls:";
    a_leftover_of_a_replacement_survives_a_refresh: "
        | a fixed=1
        | b from=$a
        up
        | a fixed=2
        | b from=$a
        fault: refuse delete a
        up
          fails: refuses
        refresh
          calls:
        up
          calls: delete a";
}
