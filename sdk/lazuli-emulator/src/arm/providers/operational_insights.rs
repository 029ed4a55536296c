//! `Microsoft.OperationalInsights/workspaces`: where logs go. Nothing is ingested here, and nothing can be
//! queried. From the published schema; the defaults are those of answers in public documentation.

use super::tracked::keys;
use crate::arm::kind::{Kind, Namespace};
use crate::arm::shape::{Holds::*, Name, Shape, guid, now};
use crate::arm::{Answer, Call, errors, json};

pub(crate) static NAMESPACE: Namespace = Namespace {
    versions: &[(
        "",
        &["2026-03-01", "2025-07-01", "2025-02-01", "2023-09-01"],
    )],
    ..Namespace::new("Microsoft.OperationalInsights", &[&KINDS])
};
const KINDS: [Kind; 1] = [Kind {
    action: Some(action),
    ..Kind::tracked("Microsoft.OperationalInsights/workspaces", &WORKSPACE)
}];
#[rustfmt::skip]
const WORKSPACE: Shape = Shape {
    name: Name((4, 63), "-"),
    identity: true,
    rules: &[
        ("customerId", Made(guid)),
        ("createdDate", Made(now)),
        ("modifiedDate", Stamped(now)),
        ("privateLinkScopedResources", Computed),
        ("sku.name", OneOf(&["Free", "Standard", "Premium", "PerNode", "PerGB2018", "Standalone", "CapacityReservation", "LACluster"])),
        ("sku.name", Default(r#""PerGB2018""#)),
        ("sku.lastSkuUpdate", Made(now)),
        ("retentionInDays", Default("30")),
        ("features", Default(r#"{ "legacy": 0, "searchVersion": 1, "enableLogAccessUsingOnlyResourcePermissions": true }"#)),
        ("workspaceCapping.dailyQuotaGb", Default("-1.0")),
        ("workspaceCapping.dataIngestionStatus", Made(|_| "RespectQuota".into())),
        ("publicNetworkAccessForIngestion", OneOf(&["Enabled", "Disabled", "SecuredByPerimeter"])),
        ("publicNetworkAccessForIngestion", Default(r#""Enabled""#)),
        ("publicNetworkAccessForQuery", OneOf(&["Enabled", "Disabled", "SecuredByPerimeter"])),
        ("publicNetworkAccessForQuery", Default(r#""Enabled""#)),
    ],
};

fn action(call: &Call<'_>, word: &str) -> Result<Answer, Answer> {
    if json::same(word, "sharedKeys") {
        return keys(call, &["primarySharedKey", "secondarySharedKey"]).map(Answer::ok);
    }
    Err(errors::not_modelled(&format!(
        "The action '{word}' of a workspace"
    )))
}
