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
    what_a_resource_that_is_left_out_still_uses_is_not_deleted: "
        | a v=1
        | b from=$a
        up
        | b from=none
        up --target a
          fails: LZ0014
          calls:
        up --exclude b
          calls:
          state: a b
        up
          calls: update b, delete a";
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

    a_target_with_a_new_provider: "
        | a:named v=1
        | b:named v=1
        up
        | a:named v=2 @provider(test/other)
        | b:named v=2 @provider(test/other)
        up --target a
          calls: update a@other
        up
          calls: update b@other";
    a_targeted_create_that_others_mention: "
        | a v=1
        | b v=1
        | c v=$a.v
        up --target a
          calls: create a
          state: a";
    an_untargeted_create_that_a_changed_target_names: "
        | b v=1
        up
        | a v=1
        | b v=$a.v
        up --target b
          fails: LZ0017
          calls:";
    an_untargeted_create_that_an_unchanged_target_names: "
        | b v=1
        up
        | a v=1
        | b v=1 @after(a)
        up --target b
          fails: LZ0017";
    an_untargeted_create_that_a_target_is_deleted_with: "
        | b v=1
        up
        | a v=1
        | b v=1 @with(a)
        up --target b
          fails: LZ0017";
    an_untargeted_parent_that_does_not_exist: "
        | net v=1
        | sub v=1 @in(net)
        up --target net/sub
          fails: LZ0017
          calls:
        up --target net --target net/sub
          calls: create net, create sub";
    an_untargeted_parent_that_exists: "
        | net v=1
        up
        | net v=2
        | sub v=1 @in(net)
        up --target net/sub
          calls: create sub
        up
          calls: update net";
    an_untargeted_create_that_another_untargeted_create_names: "
        | a v=1
        | b v=$a.v
        | c v=1
        up --target c
          calls: create c
          state: c";
    only_the_targets_that_were_asked_for_are_replaced: "
        | a fixed=1
        | b fixed=1
        | c fixed=1
        up
        | a fixed=2
        | b fixed=2
        | c fixed=2
        up --target a --target c
          calls: create a, create c, delete a, delete c
        up
          calls: create b, delete b";
    an_asked_for_replacement_with_a_target: "
        | a v=1
        | b v=1
        up
        | a v=1
        | b v=2
        up --target a --replace a
          calls: create a, delete a";
    a_targeted_destroy_with_children: "
        | net v=1
        | sub v=1 @in(net)
        | b v=1
        up
        destroy --target net
          fails: LZ0014
          calls:
        destroy --target net --target-dependents
          calls: delete sub, delete net
          state: b";
    a_targeted_destroy_by_wildcard: "
        | net v=1
        | sub v=1 @in(net)
        | b v=1
        up
        destroy --target {net,net/**}
          calls: delete sub, delete net
          state: b";
    a_targeted_destroy_that_fails: "
        | a v=1
        | b v=1
        up
        fault: refuse delete a
        destroy --target a
          fails: refuses
          state: a b
        destroy --target a
          state: b";
    a_targeted_destroy_of_which_a_dependent_fails: "
        | a v=1
        | b from=$a
        up
        fault: refuse delete b
        destroy --target a --target-dependents
          fails: refuses
          calls: delete b
          state: a b";
    a_targeted_destroy_of_which_a_child_fails: "
        | net v=1
        | sub v=1 @in(net)
        up
        fault: refuse delete sub
        destroy --target net --target-dependents
          fails: refuses
          calls: delete sub
          state: net net/sub";
    a_dependency_that_is_not_targeted_is_used_as_it_is: "
        | a v=1
        | b v=$a.v
        up
        | a v=2
        | b v=$a.v w=1
        up --target b
          calls: update b
        up
          calls: update a, update b";
    untargeted_chains_keep_their_edges: "
        | a v=1
        | b v=$a.v
        | c v=$b.v
        | d v=1
        up
        | a v=1
        | b v=$a.v
        | c v=$b.v
        | d v=2
        up --target d
          calls: update d
        destroy
          state:";
    an_untargeted_resource_may_lose_its_place: "
        | a v=1
        | b v=1
        | c v=1
        up
        | b v=2
        up --target b
          calls: update b
          state: a b c
        up
          calls: delete a, delete c
          state: b";
    an_untargeted_resource_with_another_parent: "
        | one v=1
        | two v=1
        | b:named v=1 @in(one)
        | c v=1
        up
        | one v=1
        | two v=1
        | b:named v=1 @in(two)
        | c v=2
        up --target c
          calls: update c";
    a_targeted_resource_with_another_parent: "
        | one v=1
        | two v=1
        | b:named v=1 @in(one)
        up
        | one v=1
        | two v=1
        | b:named v=2 @in(two)
        up --target two/b
          calls: delete b, create b
          state: one two two/b";
    a_component_that_is_not_targeted: "
        | app/a v=1
        | b v=1
        up
        | app/a v=2
        | b v=2
        up --target b
          calls: update b";
    a_target_next_to_an_unfinished_replacement: "
        | a:named fixed=1
        | b v=1
        up
        | a:named fixed=2
        | b v=1
        fault: refuse create a
        up
          fails: refuses
          state: b
        | a:named fixed=2
        | b v=2
        up --target b
          calls: update b
          state: b
        up
          calls: create a";
    a_target_next_to_an_old_half: "
        | a fixed=1
        | b v=1
        up
        | a fixed=2
        | b v=1
        fault: refuse delete a
        up
          fails: refuses
        destroy --target b
          state: a
        destroy
          state:";
    a_targeted_refresh_of_a_parent_that_is_gone: "
        | net v=1
        | sub v=1 @in(net)
        up
        cloud: gone net
        refresh --target net
          state: net/sub
        up
          state: net net/sub";
    a_targeted_up_with_a_refresh_reads_the_targets_only: "
        | a v=1
        | b v=1
        up
        cloud: set a.v=9
        cloud: set b.v=9
        up --target a --refresh
          calls: update a
        up
          calls:
        up --refresh
          calls: update b";
    excludes_by_wildcard: "
        | app/a v=1
        | app/b v=1
        | c v=1
        up --exclude app/*
          calls: create c
        up
          calls: create a, create b";
    an_excluded_component: "
        | app/a v=1
        | c v=1
        up --exclude app
          calls: create c";
    excluding_what_others_need: "
        | a v=1
        | b v=$a.v
        up --exclude a
          fails: LZ0017
          calls:";
    destroying_all_but_one_with_what_it_needs: "
        | net v=1
        | sub v=1 @in(net)
        | b v=1
        up
        destroy --exclude net/sub
          calls: delete b
          state: net net/sub";
    destroying_all_but_children: "
        | net v=1
        | sub v=1 @in(net)
        | b v=1
        up
        destroy --exclude net
          calls: delete b
          state: net net/sub";
    a_target_and_an_exclude: "
        | app/a v=1
        | app/b v=1
        up --target app --exclude app/b
          calls: create a";
    a_preview_with_targets_changes_nothing: "
        | a v=1
        | b v=1
        preview --target a
          plan: +a
          calls:
          state:";
    a_target_whose_container_is_replaced_by_nobody: "
        | net:named fixed=1
        | sub:named v=1 @in(net)
        up
        | net:named fixed=2
        | sub:named v=2 @in(net)
        up --target net/sub
          calls: update sub";
}
