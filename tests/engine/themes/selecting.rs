//! Targets and excludes.

use super::scenarios;

scenarios! {
    only_the_target_is_changed: "
        | a v=1
        | b v=1
        up
        | a v=2
        | b v=2
        up --target a
          plan: ~a
          calls: update a
        up
          calls: update b";
    what_is_not_targeted_is_not_made: "
        | a v=1
        | b v=1
        up --target a
          calls: create a
          state: a
        up
          calls: create b";
    a_target_that_needs_what_is_not_made_is_refused: "
        | a v=1
        | b from=$a
        up --target b
          fails: LZ0017
          calls:
        up --target a --target b
          calls: create a, create b";
    what_is_not_targeted_and_not_needed_waits: "
        | a v=1
        | b from=$a
        | c v=1
        up --target c
          calls: create c
          state: c";
    what_is_not_targeted_is_not_deleted: "
        | a v=1
        | b v=1
        up
        |
        up --target a
          calls: delete a
          state: b";
    a_target_with_dependents_that_stay_is_refused: "
        | a v=1
        | b from=$a
        up
        destroy --target a
          fails: LZ0014
          calls:
        destroy --target a --target-dependents
          calls: delete b, delete a";
    a_component_stands_for_what_is_in_it: "
        | app/a v=1
        | app/b v=1
        | c v=1
        up --target app
          calls: create a, create b
        destroy --target app
          calls: delete a, delete b
          state:";
    wildcards_select: "
        | app/a v=1
        | web/a v=1
        | c v=1
        up --target **/a
          state: app/a web/a
        up --exclude c
          calls:
        up
          calls: create c";
    excluded_resources_stay_as_they_are: "
        | a v=1
        | b v=1
        up
        | a v=2
        | b v=2
        up --exclude a
          calls: update b";
    excluded_children_too: "
        | net v=1
        | sub v=1 @in(net)
        up
        | net v=2
        | sub v=2 @in(net)
        up --exclude net
          calls:";
    an_excluded_resource_keeps_what_it_depends_on: "
        | a v=1
        | b from=$a
        | c v=1
        up
        destroy --exclude b
          calls: delete c
          state: a b";
    what_matches_nothing_is_a_mistake: "
        | a v=1
        up --target aa
          fails: LZ0018
          calls:";
    an_update_may_be_targeted_alone: "
        | a v=1
        | b from=$a.v
        up
        | a v=2
        | b from=$a.v
        up --target a
          calls: update a
        up
          calls: update b";
    a_replaced_target_may_leave_dependents_behind: "
        | a fixed=1
        | b from=$a
        up
        | a fixed=2
        | b from=$a
        up --target a
          calls: create a, delete a
        up
          calls: update b";
    an_unchanged_dependent_of_what_is_skipped_is_unchanged: "
        | a v=1
        up
        | a v=1
        | b v=1
        | c from=$b
        up --target a
          calls:
          state: a";
    refresh_reads_the_targets_only: "
        | a v=1
        | b v=1
        up
        cloud: set a.v=9
        cloud: set b.v=9
        refresh --target a
        up
          plan: ~a
          calls: update a";
}
