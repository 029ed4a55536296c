//! Removing any one link of the pull path makes the page fail, with a container
//! log that names the cause. The preview refuses each of them, so it is set to
//! let them pass.

use lazuli_engine::{EngineError, Operation};

use super::bench::{Bench, Watch};
use super::topology::Without;

async fn check(without: Without, code: &str, cause: &[&str]) {
    let refused = Bench::new().await;
    let result = refused
        .run(Operation::Up, without, &mut Watch::default())
        .await;
    let Err(EngineError::Program { findings, .. }) = result else {
        panic!("{without:?}: {result:?}")
    };
    assert!(
        findings.iter().any(|finding| finding.code == code),
        "{without:?}: {findings:?}"
    );
    let bench = Bench::allowing(&[code]).await;
    bench.up(without).await;
    let (status, _) = bench.page().await;
    assert_eq!(status, 503, "{without:?}");
    let log = bench.log();
    for word in cause {
        assert!(log.contains(word), "{without:?}: {word:?} is not in\n{log}");
    }
}

#[tokio::test]
async fn without_the_zone_link_the_name_resolves_to_the_public_address() {
    check(
        Without::ZoneLink,
        "LZ2011",
        &[
            "secureacr2021.azurecr.io",
            "privatelink.azurecr.io",
            "secureacr-vnet",
        ],
    )
    .await;
}

#[tokio::test]
async fn without_the_zone_group_there_is_no_record() {
    check(
        Without::ZoneGroup,
        "LZ2012",
        &["secureacr2021", "privatelink.azurecr.io"],
    )
    .await;
}

#[tokio::test]
async fn without_the_role_the_pull_is_denied() {
    check(Without::Role, "LZ2013", &["AcrPull"]).await;
}

#[tokio::test]
async fn without_the_pull_setting_the_image_is_pulled_from_outside() {
    check(
        Without::PullOverNetwork,
        "LZ2008",
        &["WEBSITE_PULL_IMAGE_OVER_VNET"],
    )
    .await;
}

#[tokio::test]
async fn without_the_tag_the_manifest_is_unknown() {
    check(Without::Tag, "LZ2015", &["lnx-v9", "lnx-v1"]).await;
}
