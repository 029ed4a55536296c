//! Global names, asked of the embedded Azure.

use std::sync::Arc;

use lazuli::core::{Declared, DeclaredNode, Severity, SourceLocation, Urn, Value};
use lazuli_engine::Operation;

use super::listener::{Asked, Heard, Listener};
use crate::stack::bench::{Bench, Watch};
use crate::stack::topology::{APP, Without};

fn declare(ty: &str, group: &str, name: &str, subscription: &str) -> DeclaredNode {
    let scope = format!("/subscriptions/{subscription}/resourceGroups/{group}");
    DeclaredNode {
        desired: Declared {
            urn: Urn::new("dev", "p", "", ty, name),
            id: Some(format!("{scope}/providers/{ty}/{name}")),
            inputs: Value::map(),
            timeout: None,
        },
        location: SourceLocation {
            file: "main.rs".into(),
            line: 7,
        },
        depends_on: Vec::new(),
        existing: false,
    }
}

#[tokio::test]
async fn a_name_that_somebody_else_has_is_found_and_ones_own_is_not() {
    let bench = Bench::new().await;
    bench.up(Without::Nothing).await;
    let registries = "Microsoft.ContainerRegistry/registries";
    let sites = "Microsoft.Web/sites";
    let subscription = bench.emulator.subscription();
    let of = |ty: &str, group: &str, name: &str| declare(ty, group, name, subscription);
    let declared = [
        of(registries, "secureacrsetup", "secureacr2021"),
        of(registries, "elsewhere", "SecureAcr2021"),
        of(registries, "elsewhere", "another2021"),
        of(sites, "secureacrsetup", APP),
        of(sites, "elsewhere", APP),
    ];
    let findings = bench.provider().verify_online(&declared).await;
    let found: Vec<_> = findings
        .iter()
        .map(|one| (one.code, one.urn.clone().unwrap()))
        .collect();
    let urn = |at: usize| declared[at].desired.urn.clone();
    assert_eq!(found, [("LZ2090", urn(1)), ("LZ2090", urn(4))]);
    assert!(findings[0].message.contains("in use"), "{findings:?}");
}

#[tokio::test]
async fn what_the_state_has_is_not_asked_about() {
    let mut bench = Bench::new().await;
    let asked = Asked::default();
    let listener = asked.clone();
    bench.wrap(|inner| {
        Arc::new(Listener {
            inner,
            heard: Heard::default(),
            asked: listener,
        })
    });
    bench.up(Without::Nothing).await;
    assert!(asked.lock().unwrap().iter().any(|name| name == APP));
    asked.lock().unwrap().clear();
    let mut watch = Watch::default();
    let preview = bench.run(Operation::Preview, Without::Nothing, &mut watch);
    assert_eq!(preview.await.unwrap().change_count(), 0);
    assert_eq!(*asked.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_cloud_that_cannot_be_asked_is_a_note_and_stops_nothing() {
    let bench = Bench::new().await;
    let subscription = bench.emulator.subscription().to_owned();
    let provider = bench.stop().await;
    let registry = "Microsoft.ContainerRegistry/registries";
    let declared =
        ["first2021", "second2021"].map(|name| declare(registry, "somewhere", name, &subscription));
    let findings = provider.verify_online(&declared).await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].severity, Severity::Note);
    for part in ["first2021", "second2021"] {
        assert!(findings[0].message.contains(part), "{findings:?}");
    }
    assert!(findings[0].help.is_some());
}
