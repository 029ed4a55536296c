//! What exists already: adopted, or only looked at.

use super::scenarios;

scenarios! {
    an_existing_resource_is_adopted: "
        cloud: make x#0 v=1
        | a v=1 @import(x#0)
        up
          plan: =a
          calls:
          state: a
        up
          plan:
          calls:
        | a v=2 @import(x#0)
        up
          calls: update a";
    what_differs_is_not_adopted: "
        cloud: make x#0 v=1
        | a v=2 @import(x#0)
        preview
          plan: =a
        up
          fails: LZ0016
          calls:
          state:
        | a v=2 @import(x#0) @ignore(v)
        up
          state: a";
    what_does_not_exist_is_not_adopted: "
        | a v=1 @import(nowhere)
        up
          fails: LZ0012
          calls:";
    what_the_state_knows_is_not_adopted_again: "
        | a:named v=1
        up
        | a:named v=2 @import(/a)
        up
          plan: ~a
          calls: update a";
    another_one_may_be_adopted_in_its_place: "
        | a v=1
        up
        cloud: make x#0 v=1
        | a v=1 @import(x#0)
        up
          plan: =a -/a
          calls: delete a
          state: a";
    an_import_may_be_asked_for_on_the_command_line: "
        cloud: make x#0 v=1
        | a v=1
        | b from=$a
        up --import a=x#0
          plan: =a +b
          calls: create b";
    an_import_of_nothing_declared_is_a_mistake: "
        | a v=1
        up --import zz=x
          fails: LZ0018";
    what_is_only_looked_at_is_never_changed: "
        cloud: make /net v=1
        | net @existing(/net)
        | b from=$net.v
        up
          plan: +b
          calls: create b
          state: b
        destroy
          calls: delete b";
    what_is_looked_at_must_be_there: "
        | net @existing(/net)
        | b from=$net.v
        up
          fails: LZ0012
          calls:";
    a_change_of_what_is_looked_at_reaches_dependents: "
        cloud: make /net v=1
        | net @existing(/net)
        | b from=$net.v
        up
        cloud: set /net.v=2
        up
          calls: update b";
    a_managed_one_is_relinquished: "
        | net:named v=1
        | b from=$net
        up
        | net:named @existing(/net)
        | b from=$net
        up
          calls:
          state: b";
    a_managed_one_is_deleted_when_another_is_looked_at: "
        cloud: make /other v=1
        | net:named v=1
        up
        | net:named @existing(/other)
        up
          calls: delete net
          state:";
    what_was_looked_at_may_be_adopted: "
        cloud: make /net v=1
        | net:named @existing(/net)
        up
        | net:named v=1 @import(/net)
        up
          plan: =net
          calls:
          state: net";
    a_replaced_one_that_was_adopted: "
        cloud: make x#0 fixed=1
        | a fixed=1 @import(x#0)
        up
        | a fixed=2
        up
          calls: create a, delete a";

    an_import_of_what_the_program_ignores: "
        cloud: make x#0 v=1 w=1
        | a v=1 w=2 @import(x#0) @ignore(w)
        up
          plan: =a
          calls:
        | a v=1 w=3 @ignore(w)
        up
          calls:";
    an_import_keeps_its_id_over_updates: "
        cloud: make x#0 v=1
        | a v=1 @import(x#0)
        | b from=$a
        up
        | a v=2 @import(x#0)
        | b from=$a
        up
          calls: update a
        | a v=3
        | b from=$a
        up
          calls: update a";
    a_secret_that_is_declared_after_an_import: "
        cloud: make x#0 v=1
        | a v=1 @import(x#0)
        up
        | a v=secret(1)
        up
          calls:
          secrets: a.v";
    an_import_into_a_component: "
        cloud: make x#0 v=1
        | app/a v=1 @import(x#0)
        up
          state: app/a
          calls:";
    an_import_under_a_parent: "
        cloud: make x#0 v=1
        | net v=1
        | sub v=1 @in(net) @import(x#0)
        up
          plan: +net =sub
          state: net net/sub
        destroy
          calls: delete sub, delete net";
    an_import_beside_a_failure: "
        cloud: make x#0 v=1
        | a v=1
        | b from=$a @import(x#0) @ignore(from)
        fault: refuse create a
        up
          fails: refuses
          state:
        up
          state: a b";
    a_preview_of_an_import_shows_differences_as_warnings: "
        cloud: make x#0 v=1
        | a v=2 @import(x#0)
        preview
          plan: =a
          finds: LZ0016";
    what_was_adopted_can_be_destroyed: "
        cloud: make x#0 v=1
        | a v=1 @import(x#0)
        up
        destroy
          calls: delete a
          state:";
    an_adopted_one_that_is_protected: "
        cloud: make x#0 v=1
        | a v=1 @import(x#0) @protect
        up
        destroy
          fails: LZ0007";
    an_import_that_cannot_be_read: "
        cloud: make x#0 v=1
        | a v=1 @import(x#0)
        fault: refuse read a
        up
          fails: LZ0012
          state:
        up
          plan: =a";
    an_import_of_a_renamed_resource_is_no_import: "
        cloud: make x#0 v=1
        | old v=1 @import(x#0)
        up
        | new v=1 @import(x#0) @alias(old)
        up
          plan:
          calls:
          state: new";
    a_target_imports_alone: "
        cloud: make x#0 v=1
        | a v=1 @import(x#0)
        | b v=1
        up --target a
          plan: =a
          state: a";
    what_is_looked_at_and_depended_on_by_something_that_leaves: "
        cloud: make /net v=1
        | net @existing(/net)
        | b from=$net.v
        | c from=$b
        up
        | net @existing(/net)
        up
          calls: delete c, delete b
          state:";
    what_is_looked_at_through_something_new: "
        cloud: make /net v=1
        | a v=1
        | net @existing(/net) @after(a)
        | b from=$net.v
        up
          plan: +a ?net +b
          calls: create a, create b";
    another_one_of_a_cascade_is_adopted: "
        cloud: make x#0 v=1
        | net:named fixed=1
        | sub v=1 @in(net)
        up
        | net:named fixed=2
        | sub v=1 @in(net) @import(x#0)
        up
          state: net net/sub";
}
