//! What is declared after an await: waves, and what is undecided until then.

use super::scenarios;

scenarios! {
    what_follows_an_await_is_a_further_wave: "
        | a v=1
        | b v=1 @scope(a)
        up
          plan: +a
          waves: 2
          calls: create a, create b
          state: a after-a/b
        up
          waves: 1
          calls:";
    what_an_open_scope_declared_is_undecided: "
        | a v=1
        | b v=1 @scope(a)
        | c v=1 @scope(a)
        up
        | a v=2 reset=1
        | b v=1 @scope(a)
        preview
          plan: ~a
          undecided: b c
        up
          plan: ~a
          undecided: b c
          calls: update a, delete c
          state: a after-a/b";
    a_replacement_that_goes_first_takes_undecided_dependents_along: "
        | a:named fixed=1
        | b @scope(a) @after(a)
        | c @scope(a) @after(b)
        up
        | a:named fixed=2
        | b @scope(a) @after(a)
        up
          undecided:
          why b: has to be deleted first
          state: a after-a/b";
    a_replacement_that_comes_first_leaves_them_be: "
        | a fixed=1
        | b @scope(a) @after(a)
        up
        | a fixed=2
        | b @scope(a) @after(a)
        up
          undecided: b
          calls: create a, delete a
          state: a after-a/b";
    an_alias_from_an_open_scope_is_honoured: "
        | a v=1
        | b v=1
        up
        | a v=2 reset=1
        | c v=1 @scope(a) @was(b)
        up
          undecided: b
          calls: update a
          state: a after-a/c";
    a_resource_moves_out_of_a_scope: "
        | a v=1
        | b v=1 @scope(a)
        up
        | a v=2 reset=1
        | b v=1 @was(after-a/b)
        up
          calls: update a
          state: a b";
    what_a_scope_waits_for_fails: "
        | a v=1
        | b v=1 @scope(a)
        | c v=1
        fault: refuse create a
        up
          fails: refuses
          state:
        up
          state: a after-a/b c";
    what_a_failed_scope_declared_is_not_deleted: "
        | a v=1
        | b v=1 @scope(a)
        up
        | a v=2 reset=1
        | b v=1 @scope(a)
        fault: refuse update a
        up
          fails: refuses
          state: a after-a/b";
    nothing_undeclared_is_deleted_while_a_scope_is_open: "
        | a v=1
        | b v=1
        | c v=1 @scope(a)
        up
        | a v=2 reset=1
        | c v=1 @scope(a)
        up
          plan: ~a
          undecided: b c
          waves: 2
          calls: update a, delete b";
    expected_changes_are_judged_wave_by_wave: "
        | a v=1
        up
        | a v=1
        | b v=1 @scope(a)
        up --expect-no-changes
          fails: no changes were expected
          calls:";
    a_destroy_needs_no_scope: "
        | a v=1
        | b v=1 @scope(a) @after(a)
        up
        destroy
          calls: delete b, delete a
          state:";
    a_target_inside_of_a_scope: "
        | a v=1
        | b v=1 @scope(a)
        | c v=1 @scope(a)
        up --target a --target after-a/b
          state: a after-a/b";
}
