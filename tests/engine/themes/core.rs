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
    an_edge_turns_around_only_when_both_ends_have_changed: "
        | b
        | a v=1 @after(b)
        up
        | a v=2
        | b @after(a)
        fault: refuse update a
        up
          fails: refuses
        up
          calls: update a
        destroy
          calls: delete b, delete a";
    an_edge_that_turned_around_for_a_target_only: "
        | b v=1
        | a v=1 @after(b)
        up
        | a v=2
        | b v=2 @after(a)
        up --target b
          calls: update b
        destroy
          calls: delete a, delete b";
    a_dependency_on_what_is_removed_is_let_go_first: "
        | a
        | b from=$a
        up
        | b from=none
        up
          calls: update b, delete a";
    what_an_updated_resource_used_goes_after_its_update: "
        | app v=1
        | role of=$app @user(app)
        | base v=1
        up
        | app v=2
        up
          calls: update app, delete base, delete role
        |
        up
          calls: delete app";
    what_leaves_with_its_user_leaves_in_the_order_of_dependencies: "
        | app v=1
        | role of=$app @user(app)
        up
        destroy
          calls: delete role, delete app";
    a_replaced_user_does_not_keep_what_stands_on_it: "
        | app:named fixed=1
        | role of=$app @user(app)
        up
        | app:named fixed=2
        up
          calls: delete role, delete app, create app";
    a_renamed_user_is_followed: "
        | app v=1
        | role of=$app @user(app)
        up
        | web v=1 @alias(app)
        | role of=$web @user(web)
        up
          calls:
        | web v=2
        up
          calls: update web, delete role";
    what_an_update_of_unknown_outcome_may_use_goes_after_the_next: "
        | a v=1
        | b from=$a
        up
        | b v=2
        fault: lose update b
        up
          fails: the connection broke
          state: a b
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
    what_is_ignored_stays_as_it_was_when_something_else_changes: "
        | a v=1 w=1
        | b n=$a.v
        up
        | a v=2 w=2 @ignore(v)
        | b n=$a.v
        up
          calls: update a
        | a v=1 w=2
        | b n=1
        up
          calls:";
    what_is_ignored_stays_in_a_replacement: "
        | a v=1 fixed=1
        up
        | a v=2 fixed=2 @ignore(v)
        up
          calls: create a, delete a
        | a v=1 fixed=2
        up
          calls:";
    what_is_ignored_need_not_be_known: "
        | a v=1
        | b v=1
        up
        | a v=2
        | b v=$a.v @ignore(v)
        up
          plan: ~a
          calls: update a";
    what_is_in_a_component_comes_after_what_the_component_comes_after: "
        | z v=1
        | app @component @after(z)
        | app/inner/a v=1
        up
          told: create z, create a
        destroy
          calls: delete a, delete z";
    an_empty_component_passes_on_what_it_comes_after: "
        | z v=1
        | app @component @after(z)
        | a @after(app)
        up
          calls: create z, create a
        destroy
          calls: delete a, delete z";
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
        | a @provider(test/nowhere)
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

    secrets_of_inputs_are_secret_outputs: "
        | a w=secret(x) v=1
        up
          secrets: a.w
        | a w=secret(x) v=2
        up
          secrets: a.w";
    outputs_that_the_program_calls_secret: "
        | a v=1 @secret(serial)
        | b n=$a.serial
        up
          secrets: a.serial b.n
        | a v=1
        | b n=$a.serial
        up
          calls:";
    secrecy_that_comes_later_changes_nothing_in_the_cloud: "
        | a v=1
        up
          secrets:
        | a v=1 @secret(v)
        up
          plan:
          calls:
          secrets: a.v";
    secrecy_of_a_fixed_input_does_not_replace: "
        | a fixed=x
        up
        | a fixed=secret(x)
        up
          calls:";
    a_null_is_no_value_of_a_trigger: "
        | a v=1 @trigger(x)
        up
        | a v=1 @notrigger
        up
          calls:
        | a v=1 @trigger(y)
        up
          calls:";
    an_ignored_path_that_was_never_there: "
        | a v=1 @ignore(nowhere)
        up
        | a v=2 @ignore(nowhere)
        up
          calls: update a";
    an_input_that_leaves_the_program: "
        | a v=1 w=1
        up
        | a v=1
        up
          plan: ~a";
    an_empty_value_is_a_value: "
        | a v=
        up
        | a v=1
        up
          calls: update a";
    several_levels_are_updated_in_order: "
        | a v=1
        | b v=$a.v
        | c v=$b.v
        up
        | a v=2
        | b v=$a.v
        | c v=$b.v
        up
          calls: update a, update b, update c";
    an_export_of_what_left_is_dropped: "
        | a v=1
        | b v=1
        up
          exports: a b
        | a v=1
        up
          exports: a
        destroy
          exports:";
    a_component_may_depend_on_a_component: "
        | one/x v=1
        | two/y v=1 @after(x)
        | three/z v=1 @after(y)
        up
          calls: create x, create y, create z
        destroy
          calls: delete z, delete y, delete x";
    a_component_that_others_depend_on_as_a_whole: "
        | app @component
        | app/x v=1
        | app/inner/y v=1
        | z @after(app)
        up
          told: create y, create x, create z
        destroy
          calls: delete z, delete y, delete x";
    an_empty_component_can_be_depended_on: "
        | app @component
        | z @after(app)
        up
          calls: create z";
    a_resource_that_becomes_a_component: "
        | app v=1
        up
        | app @component
        | app/x v=1
        up
          calls: create x, delete app
          state: app/x";
    two_of_one_name_in_different_places: "
        | a v=1
        | app/a v=2
        up
          state: a app/a
        | app/a v=2
        up
          calls: delete a
          state: app/a";
    a_preview_of_what_is_in_flight_settles_nothing: "
        | a v=1
        fault: die after create a
        up
          fails: stopped
        preview
          plan: ~a
        up
          calls: update a";
}
