//! Shapes in which engines are known to break: old halves, unfinished replacements and
//! aliases, met by refreshes, targets and destroys.

use super::scenarios;

scenarios! {
    a_refresh_of_an_old_half_with_a_child: "
        | net fixed=1
        | sub v=1 @in(net)
        up
        | net fixed=2
        | sub v=1 @in(net)
        fault: refuse delete net
        up
          fails: refuses
        refresh
          calls:
        up
          state: net net/sub
        up
          calls:";
    an_unfinished_replacement_that_changes_its_place_under_a_refresh: "
        | a:named fixed=1
        up
        | a:named fixed=2
        fault: refuse create a
        up
          fails: refuses
          state:
        | app/a:named fixed=2
        up --refresh
          calls: create a
          state: app/a";
    an_update_of_a_dependent_of_a_renamed_resource: "
        | old v=1
        | b from=$old w=1
        up
        | new v=1 @alias(old)
        | b from=$new w=2
        up
          plan: ~b
          calls: update b
          state: new b";
    a_targeted_destroy_under_a_renamed_parent: "
        | net v=1
        | sub v=1 @in(net)
        | b v=1
        up
        | web v=1 @alias(net)
        | sub v=1 @in(web)
        | b v=1
        up --target b
          state: web web/sub b
        destroy --target web --target-dependents
          calls: delete sub, delete web
          state: b";
    a_targeted_destroy_with_the_program_that_renamed_it: "
        | old v=1
        | b v=1
        up
        | new v=1 @alias(old)
        | b v=1
        destroy --run-program --target old
          calls: delete old
          state: b";
    a_dependent_of_a_target_in_a_destroy_with_the_program: "
        | a v=1
        | b from=$a
        up
        destroy --run-program --target a
          fails: LZ0014
          calls:
        destroy --run-program --target a --target-dependents
          calls: delete b, delete a
          state:";
    a_protected_resource_of_another_provider: "
        | a v=1 @provider(test/other) @protect
        | b v=1 @provider(test/other)
        up
        destroy
          fails: LZ0007
          calls:
        destroy --target b
          calls: delete b@other
          state: a";
    two_targets_of_which_one_depends_on_the_other: "
        | a v=1
        | b from=$a
        | c v=1
        up
        destroy --target {a,b}
          calls: delete b, delete a
          state: c";
    a_member_of_what_was_replaced_and_not_deleted_yet: "
        | a fixed=1
        | b v=1 @with(a)
        up
        | a fixed=2
        | b v=1 @with(a)
        fault: refuse delete a
        up
          fails: refuses
        up
          state: a b
        up
          calls:
        destroy
          calls: delete a
          state:";
    a_targeted_refresh_and_update_of_a_child: "
        | net v=1
        | sub v=1 @in(net)
        up
        cloud: set net.v=9
        cloud: set sub.v=9
        up --refresh --target net/sub
          calls: update sub
        up --refresh
          calls: update net";
    a_targeted_refresh_and_update_under_an_old_half: "
        | net fixed=1
        | sub v=1 @in(net)
        up
        | net fixed=2
        | sub v=1 @in(net)
        fault: refuse delete net
        up
          fails: refuses
        | net fixed=2
        | sub v=2 @in(net)
        up --refresh --target net/sub
          state: net net/sub
        up
          state: net net/sub
        up
          calls:";
    a_dependent_of_an_unfinished_replacement_under_a_refresh: "
        | a:named fixed=1
        | b from=$a
        | c from=$b
        up
        | a:named fixed=2
        | b from=$a
        | c from=$b
        fault: refuse create a
        up
          fails: refuses
          state: b c
        refresh
          state: b c
        up
          calls: create a
          state: a b c
        destroy
          calls: delete c, delete b, delete a";
    a_renamed_one_in_an_unfinished_replacement: "
        | old fixed=1
        | b from=$old
        up
        | old fixed=2
        | b from=$old
        fault: refuse delete old
        up
          fails: refuses
        | new fixed=2 @alias(old)
        | b from=$new
        up
          calls: delete new
          state: new b
        up
          calls:";
    an_unfinished_replacement_and_a_destroy: "
        | a:named fixed=1
        | b from=$a
        up
        | a:named fixed=2
        | b from=$a
        fault: refuse create a
        up
          fails: refuses
        destroy
          calls: delete b
          state:";
    a_dependent_of_an_old_half_moves_on_first: "
        | a fixed=1
        | b from=$a
        | c from=$a
        up
        | a fixed=2
        | b from=$a
        | c from=$a
        fault: refuse update c
        up
          fails: refuses
        up
          calls: update c, delete a
          state: a b c";
    everything_at_once: "
        | net:named fixed=1
        | app @component @protect
        | app/x:named fixed=$net.serial
        | app/y v=$x.serial @with(x)
        | z @after(app)
        up
        | net:named fixed=2
        | new @component @alias(app) @unprotect
        | new/x:named fixed=$net.serial
        | new/y v=$x.serial @with(x)
        | z @after(new)
        up
          state: net new/x new/y z
        up
          calls:
        destroy
          state:";
}
