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

    what_is_only_looked_at_is_not_refreshed: "
        cloud: make /net v=1
        | net @existing(/net)
        | b from=$net.v
        up
        refresh
          calls:
          state: b";
    what_is_not_healthy_is_written_again: "
        | a v=1
        up
        fault: sick read a
        refresh
          calls:
          state: a
        up
          plan: ~a
          calls: update a
        up
          calls:";
    what_cannot_be_read_stays_and_nothing_is_written: "
        | a v=1
        | b v=1
        up
        cloud: set a.v=7
        fault: refuse read b
        refresh
          fails: cannot be read
          state: a b
        up
          calls:";
    a_container_that_is_gone_took_its_members: "
        | a v=1
        | b:named v=1 @with(a)
        up
        cloud: gone a
        up --refresh
          calls: create a, create b
          state: a b";
    drift_follows_a_rename: "
        | old v=1
        up
        cloud: set old.v=7
        | new v=1 @alias(old)
        up --refresh
          plan: ~new
          calls: update new
          state: new";
    a_renamed_one_that_is_gone_is_made_again: "
        | old v=1
        up
        cloud: gone old
        | new v=1 @alias(old)
        up --refresh
          calls: create new
          state: new";
    what_left_the_program_and_the_cloud: "
        | a v=1
        | b v=1
        up
        cloud: gone a
        |
        up --refresh
          calls: delete b
          state:";
    excluded_resources_are_not_read: "
        | a v=1
        | b v=1
        up
        cloud: set a.v=9
        cloud: set b.v=9
        refresh --exclude a
        up
          calls: update b";
    nor_what_lies_in_them: "
        | net v=1
        | sub v=1 @in(net)
        | b v=1
        up
        cloud: set sub.v=9
        cloud: set b.v=9
        refresh --exclude net
        up
          calls: update b";
    a_target_that_the_program_does_not_declare_is_read: "
        | a v=1
        | b v=1
        up
        |
        cloud: gone a
        refresh --target a
          state: b
        up
          calls: delete b";
    drift_of_a_secret_stays_secret: "
        | a w=secret(x)
        up
          secrets: a.w
        cloud: set a.w=y
        refresh
          secrets: a.w
        up
          plan: ~a
          secrets: a.w";
    drift_of_what_is_fixed_replaces: "
        | a fixed=1
        | b from=$a
        up
        cloud: set a.fixed=9
        up --refresh
          calls: create a, update b, delete a";
    drift_where_changes_replace: "
        | a v=1 @replaceOn(v)
        up
        cloud: set a.v=9
        up --refresh
          calls: create a, delete a";
    a_protected_one_that_is_gone_is_made_again: "
        | a v=1 @protect
        up
        cloud: gone a
        up --refresh
          calls: create a
        destroy
          fails: LZ0007";
    edges_survive_a_refresh: "
        | a v=1
        | b @after(a)
        up
        cloud: set a.v=9
        refresh
        destroy
          calls: delete b, delete a";
    a_preview_shows_what_is_gone_and_keeps_it: "
        | a v=1
        up
        cloud: gone a
        preview --refresh
          plan: +a
          state: a
        up --refresh
          calls: create a";
    what_is_gone_is_a_change_too: "
        | a v=1
        up
        cloud: gone a
        refresh --expect-no-changes
          fails: no changes were expected
          state: a";
    a_refresh_settles_what_was_in_flight: "
        | a v=1
        fault: die after create a
        up
          fails: stopped
        refresh
          state: a
        up
          calls: update a";
    a_refresh_settles_what_was_never_made: "
        | a v=1
        fault: die before create a
        up
          fails: stopped
        refresh
          state:
        up
          calls: create a";
    a_half_done_replacement_survives_a_refresh: "
        | a:named fixed=1
        | b from=$a
        up
        | a:named fixed=2
        | b from=$a
        fault: refuse create a
        up
          fails: refuses
          state: b
        up --refresh
          calls: create a
          state: a b";
    an_old_half_that_is_gone_is_forgotten: "
        | a fixed=1
        up
        | a fixed=2
        fault: refuse delete a
        up
          fails: refuses
        up --refresh
          calls: delete a";
    destroying_reads_nothing_it_cannot: "
        | a v=1
        up
        fault: refuse read a
        destroy --refresh
          fails: cannot be read
          calls:
          state: a";
    a_refreshed_output_reaches_dependents: "
        | a v=1
        | b from=$a.v
        up
        cloud: set a.v=7
        | a v=7
        | b from=$a.v
        up --refresh
          plan: ~b
          calls: update b";
    a_child_that_is_gone_is_made_again: "
        | net v=1
        | sub v=1 @in(net)
        up
        cloud: gone sub
        up --refresh
          calls: create sub";
    parent_and_child_that_are_gone_are_made_again_in_order: "
        | net v=1
        | sub v=1 @in(net)
        up
        cloud: gone net
        cloud: gone sub
        up --refresh
          calls: create net, create sub";

    an_id_that_the_cloud_changed_is_kept: "
        | a v=1
        | b v=1
        up
        cloud: rekey a a#99
        refresh
          calls:
        | a v=2
        | b v=1
        up
          calls: update a
        destroy
          state:";
    a_refresh_that_is_stopped_writes_nothing: "
        | a v=1
        | b v=1
        up
        cloud: set a.v=7
        fault: die before read b
        refresh
          fails: stopped
        up
          calls:
        refresh
        up
          calls: update a";
}
