//! The whole story: deployed, unchanged, changed, destroyed.

use lazuli_engine::{Op, Operation};

use super::bench::{Bench, Watch};
use super::topology::Without;

#[tokio::test]
async fn the_stack_is_deployed_serves_its_page_stays_and_goes() {
    let bench = Bench::new().await;
    let summary = bench.up(Without::Nothing).await;
    assert_eq!(summary.created, 13);
    let exports: Vec<_> = summary
        .exports
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        exports[1],
        ("url", Some("https://secureacrweb2021.azurewebsites.net"))
    );
    assert!(
        exports[0]
            .1
            .is_some_and(|digest| digest.starts_with("sha256:")),
        "{exports:?}"
    );
    assert_eq!(
        bench.page().await,
        (200, "<h1>Hello from the private registry</h1>\n".to_owned())
    );
    bench.assert_settled();

    let again = bench.up(Without::Nothing).await;
    assert_eq!((again.change_count(), again.unchanged), (0, 13));

    bench.write_page("<h1>Hello again</h1>\n");
    let mut watch = Watch::default();
    let changed = bench
        .run(Operation::Up, Without::Nothing, &mut watch)
        .await
        .unwrap();
    assert_eq!(changed.updated, 1, "only the image is built again");
    assert_eq!(watch.plans[0].steps[0].urn.name(), "privatewebsite:lnx-v1");

    bench.destroy().await.unwrap();
    assert!(
        bench.emulator.is_empty(),
        "{:#?}",
        bench.emulator.resources()
    );
    assert!(bench.state().resources.is_empty());
}

#[tokio::test]
async fn a_preview_knows_every_id_and_only_what_azure_decides_is_pending() {
    let bench = Bench::new().await;
    let mut watch = Watch::default();
    bench
        .run(Operation::Preview, Without::Nothing, &mut watch)
        .await
        .unwrap();
    let plan = &watch.plans[0];
    assert!(
        plan.steps
            .iter()
            .all(|step| step.op == Op::Create && step.id.is_some()),
        "{plan:#?}"
    );
    let pending: Vec<_> = plan.steps.iter().flat_map(|step| &*step.pending).collect();
    let pending: Vec<_> = pending
        .iter()
        .map(|pending| (&*pending.path, pending.waits_for.join(",")))
        .collect();
    assert_eq!(
        pending,
        [(
            "properties.principalId",
            "secureacrsetup/secureacrweb2021: identity.principalId".to_owned()
        )]
    );
    let url = plan
        .exports
        .iter()
        .find(|export| export.name == "url")
        .unwrap();
    assert_eq!(
        url.value.as_str(),
        Some("https://secureacrweb2021.azurewebsites.net")
    );
    assert!(bench.emulator.is_empty());
}

#[tokio::test]
async fn a_group_with_strangers_in_it_is_not_deleted() {
    use lazuli::prelude::*;

    let bench = Bench::new().await;
    let program = |stack: Stack| async move {
        let group = ResourceGroup::builder(&stack, "shared")
            .location("westeurope")
            .build();
        // Kept when it leaves the stack, so that it becomes somebody else's.
        VirtualNetwork::builder(&group, "theirs")
            .address_space(["10.0.0.0/16"])
            .options(Options::new().retain_on_delete())
            .build();
        Ok(())
    };
    bench
        .run_program(Operation::Up, program, &mut Watch::default())
        .await
        .unwrap();
    let error = bench.destroy().await.unwrap_err();
    let lazuli_engine::EngineError::Steps { failures, .. } = error else {
        panic!("{error:?}")
    };
    assert!(failures[0].message.contains("theirs"), "{failures:?}");
    assert_eq!(bench.emulator.resources().len(), 2);
}
