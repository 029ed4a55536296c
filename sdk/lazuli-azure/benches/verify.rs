//! How long `verify` takes on large programs: prints a figure for each, and stops
//! where a finding shows that the program is not the one that was meant.
//!
//! `cargo bench -p lazuli-azure --bench verify`, with `--profile dev` for what
//! `cargo run -- preview` takes.

#![expect(clippy::print_stdout, reason = "the figures are the point")]

use std::time::{Duration, Instant};

use lazuli_azure::provider::AzureSchema;
use lazuli_azure::verify::{Verdict, reachability};
use lazuli_core::{Declared, DeclaredNode, Schema as _, SourceLocation, Urn, Value};
use serde_json::{Value as Json, json};

const SCOPE: &str = "/subscriptions/s/resourceGroups/g/providers";
const NETWORK: &str = "Microsoft.Network/virtualNetworks";
const ZONE: &str = "Microsoft.Network/privateDnsZones";
const REGISTRY: &str = "Microsoft.ContainerRegistry/registries";
const SITE: &str = "Microsoft.Web/sites";
const PLAN: &str = "Microsoft.Web/serverfarms";
const PULL: &str = "/x/7f951dda-4ed3-4680-a7ca-43fe172d538d";

fn main() {
    println!(
        "{:>12} {:>10} {:>12} {:>12}",
        "program", "resources", "verify", "proof"
    );
    for size in [1_000, 10_000, 100_000] {
        measure("own networks", &apart(size));
    }
    for size in [1_000, 10_000] {
        measure("one network", &together(size));
    }
}

fn measure(name: &str, declared: &[DeclaredNode]) {
    let began = Instant::now();
    let findings = AzureSchema.verify(declared);
    let verified = began.elapsed();
    assert!(findings.is_empty(), "{:#?}", findings.first());
    let began = Instant::now();
    let paths = reachability(declared);
    let proved = began.elapsed();
    let reaches = |verdict: Verdict| verdict == Verdict::Reaches;
    assert!(
        paths.iter().all(|path| reaches(path.verdict())),
        "{}",
        paths[0]
    );
    let shown = |time: Duration| format!("{:.3} s", time.as_secs_f64());
    let (count, verified, proved) = (declared.len(), shown(verified), shown(proved));
    println!("{name:>12} {count:>10} {verified:>12} {proved:>12}");
}

/// Apps that have everything of their own.
fn apart(size: usize) -> Vec<DeclaredNode> {
    let mut program = Program::default();
    for at in 0..size / 12 {
        program.base(at, "/24");
        program.app(at, at);
    }
    program.0
}

/// Apps that share network, registry and plan; each has its image and its role.
fn together(size: usize) -> Vec<DeclaredNode> {
    let mut program = Program::default();
    program.base(0, "/24");
    for at in 0..size / 3 {
        program.app(at, 0);
    }
    program.0
}

#[derive(Default)]
struct Program(Vec<DeclaredNode>);

impl Program {
    fn add(&mut self, ty: &str, rest: &str, inputs: Json, needs: &[usize]) -> usize {
        let id = format!("{SCOPE}/{rest}");
        self.0.push(DeclaredNode {
            desired: Declared {
                urn: Urn::new("dev", "p", "", ty, rest),
                id: Some(id),
                inputs: Value::from(inputs),
                timeout: None,
            },
            location: SourceLocation {
                file: "main.rs".into(),
                line: 7,
            },
            depends_on: needs.to_vec(),
            existing: false,
        });
        self.0.len() - 1
    }

    /// Network, zone, registry, endpoint, plan.
    fn base(&mut self, at: usize, size: &str) {
        let id = |rest: &str| format!("{SCOPE}/{rest}");
        let network = format!("{NETWORK}/net{at}");
        let space = json!({"location": "westus", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}});
        let net = self.add(NETWORK, &network, space, &[]);
        let delegation =
            json!([{"name": "d", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}]);
        let subnets = format!("{NETWORK}/subnets");
        let apps = json!({"properties": {"addressPrefix": format!("10.0.0.0{size}"), "delegations": delegation}});
        self.add(&subnets, &format!("{network}/subnets/apps"), apps, &[net]);
        let ends = json!({"properties": {"addressPrefix": "10.0.1.0/24"}});
        self.add(&subnets, &format!("{network}/subnets/ends"), ends, &[net]);
        // Each in a group of its own: a name can be had once in a group.
        let zone = format!("{ZONE}/privatelink.azurecr.io");
        let zones = format!("/subscriptions/s/resourceGroups/dns{at}/providers/{zone}");
        let link = json!({"properties": {"virtualNetwork": {"id": id(&network)}}});
        let at_zone = self.add(
            ZONE,
            &format!("{zone}{at}"),
            json!({"location": "global"}),
            &[],
        );
        self.0[at_zone].desired.id = Some(zones.clone());
        let links = format!("{ZONE}/virtualNetworkLinks");
        let at_link = self.add(&links, &format!("{zone}{at}/link"), link, &[at_zone, net]);
        self.0[at_link].desired.id = Some(format!("{zones}/virtualNetworkLinks/link"));
        let registry = format!("{REGISTRY}/secure{at}");
        let acr = self.add(REGISTRY, &registry, json!({
            "location": "westus", "sku": {"name": "Premium"},
            "properties": {"publicNetworkAccess": "Disabled", "networkRuleBypassAllowedForTasks": true}}), &[]);
        let endpoint = format!("Microsoft.Network/privateEndpoints/end{at}");
        let end = self.add("Microsoft.Network/privateEndpoints", &endpoint, json!({
            "location": "westus", "properties": {"subnet": {"id": id(&format!("{network}/subnets/ends"))},
                "privateLinkServiceConnections": [{"name": "c", "properties": {
                    "groupIds": ["registry"], "privateLinkServiceId": id(&registry)}}]}}), &[net, acr]);
        let group = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups";
        let records = json!({"properties": {"privateDnsZoneConfigs": [{"name": "c", "properties": {"privateDnsZoneId": zones}}]}});
        self.add(
            group,
            &format!("{endpoint}/privateDnsZoneGroups/zg"),
            records,
            &[end, at_zone],
        );
        let plan = json!({"location": "westus", "sku": {"name": "P1v3"}, "properties": {"reserved": true}});
        self.add(PLAN, &format!("{PLAN}/plan{at}"), plan, &[]);
    }

    /// An image, an app, and its role.
    fn app(&mut self, at: usize, base: usize) {
        let id = |rest: &str| format!("{SCOPE}/{rest}");
        let registry = format!("{REGISTRY}/secure{base}");
        let built =
            json!({"registryId": id(&registry), "image": format!("web{at}:v1"), "context": "."});
        let image = self.add(
            "Lazuli.Azure/imageBuilds",
            &format!("{registry}/imageBuilds/web{at}:v1"),
            built,
            &[],
        );
        let site = format!("{SITE}/app{at}");
        let app = self.add(
            SITE,
            &site,
            json!({
            "location": "westus", "identity": {"type": "SystemAssigned"}, "properties": {
                "serverFarmId": id(&format!("{PLAN}/plan{base}")),
                "virtualNetworkSubnetId": id(&format!("{NETWORK}/net{base}/subnets/apps")),
                "outboundVnetRouting": {"imagePullTraffic": true},
                "siteConfig": {"acrUseManagedIdentityCreds": true,
                    "linuxFxVersion": format!("DOCKER|secure{base}.azurecr.io/web{at}:v1"),
                    "appSettings": [{"name": "A", "value": "b"}]}}}),
            &[image],
        );
        let role = "Microsoft.Authorization/roleAssignments";
        let given = json!({"properties": {"roleDefinitionId": PULL}});
        self.add(
            role,
            &format!("{registry}/providers/{role}/{at}"),
            given,
            &[app],
        );
    }
}
