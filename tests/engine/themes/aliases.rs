//! Renames and moves: what stays the same resource is neither deleted nor made again.

use super::scenarios;

scenarios! {
    a_renamed_resource_is_kept: "
        | old v=1
        up
        | new v=1 @alias(old)
        up
          plan:
          calls:
          state: new
        | new v=1
        up
          plan:
          calls:";
    a_renamed_and_changed_resource_is_updated: "
        | old v=1
        up
        | new v=2 @alias(old)
        up
          plan: ~new
          calls: update new
          state: new
        destroy
          calls: delete new";
    a_renamed_and_replaced_resource_leaves_nothing: "
        | old fixed=1
        up
        | new fixed=2 @alias(old)
        up
          calls: create new, delete new
          state: new";
    edges_to_a_renamed_resource_follow_it: "
        | old v=1
        | b @after(old)
        up
        | new v=1 @alias(old)
        | b @after(new)
        up
          calls:
        destroy
          calls: delete b, delete new";
    a_resource_moves_into_a_component: "
        | a v=1
        up
        | app/a v=1 @was(a)
        up
          plan:
          calls:
          state: app/a";
    children_of_a_renamed_component_come_along: "
        | old @component
        | old/a v=1
        up
        | new @component @alias(old)
        | new/a v=1
        up
          plan:
          calls:
          state: new/a";
    children_of_a_renamed_parent_come_along: "
        | net v=1
        | sub v=1 @in(net)
        up
        | web v=1 @alias(net)
        | sub v=1 @in(web)
        up
          plan:
          calls:
          state: web web/sub";
    the_own_urn_is_looked_up_first: "
        | a v=1
        | b v=1
        up
        | b v=1 @alias(a)
        up
          plan: -a
          calls: delete a
          state: b";
    an_alias_of_what_is_declared_is_refused: "
        | a v=1
        up
        | a v=1
        | b v=1 @alias(a)
        up
          fails: LZ0015
          calls:";
    an_alias_claimed_twice_is_refused: "
        | a v=1
        up
        | b v=1 @alias(a)
        | c v=1 @alias(a)
        up
          fails: LZ0015
          calls:";
    an_alias_that_never_was_is_harmless: "
        | b v=1 @alias(nobody)
        up
          calls: create b";
    an_id_that_moves_in_the_program_needs_no_alias: "
        | a:named v=1
        up
        | app/a:named v=1
        up
          plan:
          calls:
          state: app/a";
    an_untargeted_resource_may_be_renamed: "
        | old v=1
        | b v=1
        up
        | new v=9 @alias(old)
        | b v=2
        up --target b
          calls: update b
          state: new b";
    a_renamed_resource_can_be_destroyed_by_target: "
        | old v=1
        | b v=1 @after(old)
        up
        | new v=1 @alias(old)
        | b v=1 @after(new)
        up
        destroy --target new --target-dependents
          calls: delete b, delete new
          state:";
}
