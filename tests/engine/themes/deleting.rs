//! Deletion: protection, retention, containers, destroying.

use super::scenarios;

scenarios! {
    members_of_each_others_neighbours_do_not_wait_in_a_circle: "
        | b v=1
        | c v=1
        | d from=$b @with(c)
        | e also=$c @with(b)
        up
        |
        up
          state:";
    an_old_half_stands_between_a_container_and_its_member: "
        | a v=1
        | b:dated fixed=1 from=$a.v
        | c also=$b @with(a)
        up
        | b:dated fixed=2
        up
          state: b";
    what_is_protected_is_not_deleted: "
        | a v=1 @protect
        | b v=1 @protect
        up
        |
        up
          fails: LZ0007
          calls:
          state: a b
        up --ignore-protect
          calls: delete a, delete b
          state:";
    what_is_protected_is_not_replaced: "
        | a fixed=1 @protect
        up
        | a fixed=2 @protect
        up
          fails: LZ0007
          calls:
        | a fixed=2 @unprotect
        up
          calls: create a, delete a";
    protection_blocks_a_whole_cascade: "
        | net:named fixed=1
        | sub:named v=1 @in(net) @protect
        up
        | net:named fixed=2
        | sub:named v=1 @in(net) @protect
        up
          fails: LZ0007
          calls:";
    protection_is_inherited: "
        | app @component @protect
        | app/a v=1
        up
        |
        up
          fails: LZ0007
          state: app/a";
    destroying_respects_protection: "
        | a v=1 @protect
        | b v=1 @after(a)
        up
        destroy
          fails: LZ0007
          calls:
        destroy --ignore-protect
          calls: delete b, delete a";
    what_is_retained_is_forgotten: "
        | a v=1 @retain
        up
        |
        up
          calls:
          state:";
    the_old_half_of_a_replacement_is_retained_too: "
        | a fixed=1 @retain
        up
        | a fixed=2 @retain
        up
          calls: create a
          state: a";
    retention_that_comes_with_the_replacement_counts: "
        | a fixed=1
        up
        | a fixed=2 @retain
        up
          calls: create a
          state: a";
    a_member_goes_with_its_container: "
        | a v=1
        | b v=1 @with(a)
        | c from=$b @with(a)
        up
        destroy
          calls: delete a
          state:";
    a_chain_of_containers_needs_one_request: "
        | a v=1
        | b v=1 @with(a)
        | c v=1 @with(b)
        up
        |
        up
          calls: delete a
          state:";
    a_member_alone_is_deleted: "
        | a v=1
        | b v=1 @with(a)
        up
        | a v=1
        up
          calls: delete b
          state: a";
    a_container_that_fails_keeps_its_members: "
        | a v=1
        | b v=1 @with(a)
        up
        fault: refuse delete a
        destroy
          fails: refuses
          state: a b
        destroy
          calls: delete a";
    what_needs_a_member_goes_before_the_container: "
        | a v=1
        | b v=1 @with(a)
        | d from=$b
        up
        destroy
          calls: delete d, delete a";
    a_member_that_stands_in_the_way_is_deleted_itself: "
        | a v=1
        | x from=$a
        | b from=$x @with(a)
        up
        destroy
          calls: delete b, delete x, delete a";
    members_of_a_replaced_container_are_replaced: "
        | a:named fixed=1
        | b:named v=1 @with(a)
        up
        | a:named fixed=2
        | b:named v=1 @with(a)
        up
          calls: delete a, create a, create b";
    a_member_that_is_let_go_in_the_run_that_deletes_its_container: "
        | a v=1
        | b v=1 @with(a)
        up
        | b v=1
        up
          fails: LZ0019
          calls:
        up --replace b
          calls: create b, delete a
          state: b";
    a_named_member_that_is_let_go_with_its_container_is_made_anew: "
        | a v=1
        | b:named v=1 @with(a)
        up
        | b:named v=1
        up --replace b
          calls: delete a, create b
          state: b";
    a_member_that_is_let_go_when_its_container_is_replaced: "
        | a:named fixed=1
        | b:named v=1 @with(a)
        up
        | a:named fixed=2
        | b:named v=1
        up
          calls: delete a, create a, create b
          state: a b";
    a_renamed_member_goes_with_its_renamed_container: "
        | old/x:named fixed=1
        | old/y v=1 @with(x)
        up
        | new @component @alias(old)
        | new/x:named fixed=2
        | new/y v=1 @with(x)
        up
          calls: delete x, create x, create y
          state: new/x new/y";
    a_protected_member_keeps_its_container: "
        | a v=1
        | b v=1 @with(a) @protect
        up
        destroy
          fails: LZ0007
          calls:";
    a_retained_container_does_not_take_its_members: "
        | a v=1 @retain
        | b v=1 @with(a)
        up
        destroy
          calls: delete b
          state:";
    a_failed_delete_keeps_what_it_depends_on: "
        | a v=1
        | b from=$a
        up
        fault: refuse delete b
        destroy
          fails: refuses
          calls: delete b
          state: a b
        destroy
          calls: delete b, delete a";
    what_is_gone_already_is_deleted_quietly: "
        | a v=1
        up
        cloud: gone a
        destroy
          calls: delete a
          state:";

    retention_is_inherited: "
        | app @component @retain
        | app/a v=1
        up
        |
        up
          calls:
          state:";
    protection_may_be_lifted_inside: "
        | app @component @protect
        | app/a v=1 @unprotect
        up
        |
        up
          calls: delete a
          state:";
    children_inherit_protection_from_their_parent: "
        | net v=1 @protect
        | sub v=1 @in(net)
        up
        | net v=1 @protect
        up
          fails: LZ0007
          state: net net/sub";
    a_container_is_inherited: "
        | a v=1
        | app @component @with(a)
        | app/x v=1
        | app/y v=1
        up
        destroy
          calls: delete a
          state:";
    what_is_protected_and_what_depends_on_it: "
        | a v=1 @protect
        | b from=$a
        up
        | a v=1 @protect
        up
          calls: delete b
          state: a";
    several_protected_ones_are_all_named: "
        | a v=1 @protect
        | b v=1 @protect
        up
        destroy
          fails: the plan would delete b, which is protected";
    a_protected_one_may_change_in_place: "
        | a v=1 @protect
        up
        | a v=2 @protect
        up
          calls: update a";
    a_targeted_destroy_of_a_container_takes_its_members: "
        | a v=1
        | b v=1 @with(a)
        | c v=1
        up
        destroy --target a --target-dependents
          calls: delete a
          state: c";
    a_targeted_destroy_of_a_member: "
        | a v=1
        | b v=1 @with(a)
        up
        destroy --target b
          calls: delete b
          state: a";
}
