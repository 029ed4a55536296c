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
}
