//! Why a step is there: reasons, and those behind them.

use super::scenarios;

scenarios! {
    a_value_from_a_changed_resource: "
        | a v=1
        | b v=$a.v
        | c v=$b.v
        up
        | a v=2
        | b v=$a.v
        | c v=$b.v
        up
          why b: `v` comes from a
          why c: `v` comes from b; `v` comes from a; `v` is declared differently";
    a_value_from_a_replaced_resource: "
        | a fixed=1
        | b from=$a
        | c v=$b.from
        up
        | a fixed=2
        | b from=$a
        | c v=$b.from
        up
          why b: `from` comes from a, which is replaced
          why c: comes from a, which is replaced";
    what_lies_inside: "
        | net:named fixed=1
        | sub:named v=1 @in(net)
        up
        | net:named fixed=2
        | sub:named v=1 @in(net)
        up
          why sub: it lies in net, which is replaced";
    what_is_deleted_with: "
        | net:named fixed=1
        | sub:named v=1 @with(net)
        up
        | net:named fixed=2
        | sub:named v=1 @with(net)
        up
          why sub: it is deleted with net, which is replaced";
    what_is_replaced_with: "
        | a fixed=1
        | b v=1 @replaceWith(a)
        up
        | a fixed=2
        | b v=1 @replaceWith(a)
        up
          why b: it is replaced with a";
    a_new_id: "
        | a:dated fixed=1
        up
        | a:dated fixed=2
        up
          why a: its id becomes /a-2";
    a_new_provider: "
        | a:named v=1
        up
        | a:named v=1 @provider(test/other)
        up
          why a: it is served by test/other now";
    an_interrupted_operation: "
        | a v=1
        fault: lose create a
        up
          fails: broke
        up
          why a: interrupted or left it unhealthy";
    what_is_not_declared: "
        | a v=1
        up
        |
        up
          why a: it is not declared any more";
    what_is_destroyed: "
        | a v=1 @retain
        | b v=1
        | c v=1 @with(b)
        up
        destroy
          why a: kept in the cloud
          why b: the stack is destroyed
          why c: the cloud deletes it with b";
    what_was_asked_for: "
        | a v=1
        up
        up --replace a
          why a: asked for";
}
