//! A web app that signs in to its registry with a password: the admin user's, or a service principal's, or a token's. The
//! password is in a key vault, and the app's settings only refer to it.

use lazuli::prelude::*;
use lazuli_components::*;

#[tokio::main]
async fn main() -> ExitCode {
    lazuli::run(topology).await
}

async fn topology(stack: Stack) -> Result<()> {
    let group = ResourceGroup::builder(&stack, "secureacrsetup")
        .location("westcentralus")
        .build();
    let network = VirtualNetwork::builder(&group, "secureacr-vnet")
        .address_space(["10.0.0.0/16"])
        .build();
    let integration = IntegrationSubnet::builder(&network, "vnet-integration-subnet")
        .address_prefix("10.0.0.0/24")
        .build();
    let endpoints = EndpointSubnet::builder(&network, "private-endpoint-subnet")
        .address_prefix("10.0.1.0/24")
        .build();
    let dns = PrivateDnsLink::builder(&network, "acr-zonelink")
        .service(PrivateLink::Registry)
        .build();
    let registry = PrivateRegistry::builder(&group, "secureacr2021")
        .endpoint_subnet(&endpoints)
        .dns(&dns)
        .admin_user(true)
        .build();
    let site = registry.build_image("privatewebsite:lnx-v1", "source");

    let reader = UserAssignedIdentity::builder(&group, "vault-owner").build();
    let vault = KeyVault::builder(&group, "secureacrvault2021")
        .tenant(reader.tenant_id())
        .sku(VaultSku::Standard)
        .enable_rbac_authorization(true)
        .build();
    let config = stack.config();
    let site = match config.get_or("sign_in", "admin")?.as_str() {
        "service principal" => {
            let client: String = config.require("client_id")?;
            let secret = config.secret::<String>("client_secret")?;
            site.pulled_with(ServicePrincipal::new(client, secret).kept_in(&vault))
        }
        "token" => {
            let token = registry.token("puller", &["privatewebsite"]);
            site.pulled_with(token.kept_in(&vault))
        }
        _ => site.pulled_with(registry.admin_user()?.kept_in(&vault)),
    };

    let plan = LinuxPlan::builder(&group, "secureacrplan")
        .sku(LinuxSku::P1V3)
        .build();
    let app = IntegratedWebApp::builder(&group, "secureacrweb2021")
        .plan(&plan)
        .subnet(&integration)
        .image(&site)
        .build();

    stack.export("url", app.url());
    Ok(())
}

#[cfg(test)]
mod tests;
