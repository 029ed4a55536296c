//! The ordinary life of resources: create, same, update, delete, edges, secrets.

use super::scenarios;

scenarios! {
    an_empty_program_is_a_stack: "
        |
        up
          plan:
          state:
        destroy
          calls:";
    a_resource_lives_and_goes: "
        | a v=1
        up
          plan: +a
          calls: create a
        up
          plan:
          calls:
        | a v=2
        up
          plan: ~a
          calls: update a
        destroy
          calls: delete a
          state:";
    dependents_follow_and_go_first: "
        | a v=1
        | b from=$a
        | c from=$b
        up
          calls: create a, create b, create c
        |
        up
          calls: delete c, delete b, delete a";
    an_edge_without_a_value_orders_too: "
        | a
        | b @after(a)
        up
          calls: create a, create b
        destroy
          calls: delete b, delete a";
    an_unchanged_resource_keeps_the_edges_of_its_last_registration: "
        | a
        | b
        up
        | a
        | b @after(a)
        up
          calls:
        destroy
          calls: delete b, delete a";
    edges_that_turned_around_are_obeyed: "
        | a
        | b @after(a)
        up
        | b
        | a @after(b)
        up
          calls:
        destroy
          calls: delete a, delete b";
    a_dependency_on_what_is_removed_is_let_go_first: "
        | a
        | b from=$a
        up
        | b from=none
        up
          calls: update b, delete a";
    two_of_one_name_are_refused: "
        | a v=1
        | a v=2
        up
          fails: LZ0002
          calls:";
    ignored_changes_change_nothing: "
        | a v=1 w=1
        up
        | a v=2 w=1 @ignore(v)
        up
          calls:
        | a v=2 w=2 @ignore(v)
        up
          calls: update a";
    secrets_and_wrappers_are_no_difference: "
        | a v=x
        up
        | a v=secret(x)
        up
          plan:
          calls:";
    an_output_of_an_updated_resource_is_told_on: "
        | a v=1
        | b from=$a.v
        up
        | a v=2
        | b from=$a.v
        up
          plan: ~a ~b
          calls: update a, update b";
    a_value_that_turns_out_to_be_the_same_needs_no_update: "
        | a v=1
        | b n=$a.serial m=$a.id
        up
        | a v=2
        | b n=$a.serial m=$a.id
        up
          calls: update a";
    a_component_orders_all_that_is_in_it: "
        | app/x
        | app/y from=$x
        | z @after(y)
        up
          calls: create x, create y, create z
        destroy
          calls: delete z, delete y, delete x";
    a_refused_create_leaves_nothing_behind: "
        | a v=1
        fault: refuse create a
        up
          fails: refuses
          state:
        up
          calls: create a";
    an_answer_that_is_lost_is_found_by_reading: "
        | a v=1
        fault: lose create a
        up
          fails: the connection broke
          state: a
        up
          calls: update a";
    a_type_without_a_provider_is_refused: "
        | a @provider(test/other)
        up
          fails: LZ0003";
    no_changes_expected: "
        | a v=1
        up --expect-no-changes
          fails: no changes were expected
          calls:
        up
        up --expect-no-changes
          calls:";
}
