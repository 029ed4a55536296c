//! Global names, asked of the embedded Azure.

use lazuli::core::{Declared, Desired, SourcePlace, Urn, Value};

use crate::stack::bench::Bench;
use crate::stack::topology::{APP, Without};

fn declare(ty: &str, group: &str, name: &str, subscription: &str) -> Declared {
    let scope = format!("/subscriptions/{subscription}/resourceGroups/{group}");
    Declared {
        desired: Desired {
            urn: Urn::new("dev", "p", "", ty, name),
            id: Some(format!("{scope}/providers/{ty}/{name}")),
            inputs: Value::map(),
            timeout: None,
        },
        place: SourcePlace {
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
