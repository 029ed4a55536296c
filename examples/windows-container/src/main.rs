//! A Windows container. App Service does not pull those over a network, so its registry is open to the internet, and the app
//! signs in with its identity. An image of a `PrivateRegistry` would not compile here.

use lazuli::prelude::*;
use lazuli_components::{PublicRegistry, WindowsWebApp};

#[tokio::main]
async fn main() -> ExitCode {
    lazuli::run(topology).await
}

async fn topology(stack: Stack) -> Result<()> {
    let group = ResourceGroup::builder(&stack, "windowssetup")
        .location("westcentralus")
        .build();
    let registry = PublicRegistry::builder(&group, "windowsacr2021").build();
    let source = "mcr.microsoft.com/azure-app-service/windows/parkingpage:latest";
    let site = registry.import_image("parkingpage:v1", ImageSource::public(source)?);

    let plan = WindowsContainerPlan::builder(&group, "windowsplan")
        .sku(WindowsContainerSku::P1V3)
        .build();
    let app = WindowsWebApp::builder(&group, "windowsweb2021")
        .plan(&plan)
        .image(&site)
        .build();

    stack.export("url", app.url());
    Ok(())
}

#[cfg(test)]
mod tests;
