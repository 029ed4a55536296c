//! Transforms, stack references, and what a component hands on to its children.

use super::scenarios;

scenarios! {
    a_transform_rewrites_a_resource: "
        | a v=1 @transform(t=x)
        | b t=$a.t
        up
          calls: create a, create b
        | a v=1 t=x
        | b t=$a.t
        up
          calls:";
    a_transform_of_a_component_rewrites_all_that_is_in_it: "
        | app @component @transform(t=x)
        | app/a v=1
        | app/inner/b v=1
        | c v=1
        up
        | app/a v=1 t=x
        | app/inner/b v=1 t=x
        | c v=1
        up
          calls:";
    a_transform_of_a_parent_rewrites_its_children: "
        | net v=1 @transform(t=x)
        | sub v=1 @in(net)
        up
        | net v=1 t=x
        | sub v=1 t=x @in(net)
        up
          calls:";
    a_transform_of_the_stack_rewrites_everything_from_there_on: "
        | a v=1
        | * @transform(t=x)
        | app/b v=1
        up
        | a v=1
        | app/b v=1 t=x
        up
          calls:";
    transforms_run_from_the_inside_out: "
        | * @transform(t+4)
        | app @component @transform(t+3)
        | app/net t=1 @transform(t+2)
        | app/sub @in(net) @transform(t+1)
        up
        | app/net t=1234
        | app/sub @in(net) t=1234
        up
          plan:
          calls:";
    a_transform_may_set_options: "
        | * @transform(protect)
        | a v=1
        up
        |
        up
          fails: LZ0007
          calls:";
    a_transform_may_retain: "
        | app @component @transform(retain)
        | app/a v=1
        up
        |
        up
          calls:
          state:";
    a_transform_that_goes_changes_what_it_rewrote: "
        | * @transform(t=x)
        | a v=1
        up
        | a v=1
        up
          plan: ~a
          calls: update a";
    a_transform_reaches_what_a_scope_declares: "
        | * @transform(t=x)
        | a v=1
        | b v=1 @scope(a)
        up
          calls: create a, create b
        | a v=1 t=x
        | b v=1 t=x @scope(a)
        up
          calls:";
    an_export_of_another_stack_is_an_input: "
        other: net cidr=10.0.0.0/16
        | a v=ref(net.cidr)
        up
          plan: +a
          calls: create a
        | a v=10.0.0.0/16
        up
          calls:";
    a_changed_export_is_a_change: "
        other: net cidr=1
        | a v=ref(net.cidr)
        up
        other: net cidr=2
        | a v=ref(net.cidr)
        up
          plan: ~a
          calls: update a";
    a_secret_export_stays_secret: "
        other: net key=secret(x)
        | a v=ref(net.key)
        up
          secrets: a.v";
    a_stack_that_is_not_there: "
        | a v=ref(net.cidr)
        up
          fails: the stack `net` cannot be referred to
          calls:";
    an_export_that_is_not_there: "
        other: net cidr=1
        | a v=ref(net.nope)
        up
          fails: exports no `nope`
          calls:";
    a_stack_that_went_away_deletes_nothing: "
        other: net cidr=1
        | a v=ref(net.cidr)
        | b v=1
        up
        other: net other=1
        | a v=ref(net.cidr)
        up
          fails: exports no `cidr`
          calls:
          state: a b";
    a_component_hands_its_provider_on: "
        | app @component @provider(test/other)
        | app/a v=1
        | app/inner/b v=1
        | c v=1
        up
          calls: create c, create b@other, create a@other";
    a_parent_hands_its_provider_on: "
        | net v=1 @provider(test/other)
        | sub v=1 @in(net)
        up
          calls: create net@other, create sub@other
        destroy
          calls: delete sub@other, delete net@other";
    what_does_nothing_for_a_component_is_said: "
        | app @component @ignore(v) @noted(before,create)
        | app/a v=1
        up
          finds: LZ0020
          calls: create a
        | app @component @protect
        | app/a v=1
        preview
          plan:";
    an_own_provider_wins: "
        | app @component @provider(test/other)
        | app/a v=1 @provider(test)
        up
          calls: create a";
    a_provider_of_another_kind_is_not_taken: "
        | app @component @provider(nope/x)
        | app/a v=1
        up
          calls: create a";
    another_provider_of_a_known_id_updates: "
        | a:named v=1
        up
        | a:named v=1 @provider(test/other)
        up
          plan: ~a
          calls: update a@other
        destroy
          calls: delete a@other";
    another_provider_of_a_given_id_replaces: "
        | a v=1
        | b from=$a
        up
        | a v=1 @provider(test/other)
        | b from=$a
        up
          calls: create a@other, update b, delete a";
    another_provider_that_deletes_first: "
        | a:named v=1 fixed=1
        up
        | a:named v=1 fixed=2 @provider(test/other)
        up
          calls: delete a, create a@other";
    a_renamed_resource_with_another_provider: "
        | old:named v=1
        up
        | new:dated fixed=1 @provider(test/other)
        up
          plan: +new -old
          calls: create new@other, delete old";
    what_left_is_deleted_by_the_provider_that_made_it: "
        | a v=1 @provider(test/other)
        up
        |
        up
          calls: delete a@other";
    a_provider_that_is_not_there_any_more: "
        | a v=1 @provider(test/nowhere)
        up
          fails: LZ0003
          calls:";
    a_component_hands_its_aliases_on_with_those_of_its_children: "
        | old/a v=1
        up
        | new @component @alias(old)
        | new/b v=1 @alias(a)
        up
          plan:
          calls:
          state: new/b";
    two_levels_of_renamed_components: "
        | one/two/a v=1
        up
        | uno @component @alias(one)
        | uno/due @component @alias(two)
        | uno/due/a v=1
        up
          plan:
          calls:
          state: uno/due/a";
}
