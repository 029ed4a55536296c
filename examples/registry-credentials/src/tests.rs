//! The program against mocks, and deployed to an embedded Azure.

use lazuli::testing::{Embedded, MockedStack, Mocks};

use super::topology;

fn mocks() -> Mocks {
    Mocks::new().folder(env!("CARGO_MANIFEST_DIR"))
}

fn setting(stack: &MockedStack, name: &str) -> Option<String> {
    let app = stack.resource("Microsoft.Web/sites", "secureacrweb2021")?;
    let settings = app.input("properties.siteConfig.appSettings")?;
    let named = |entry: &&lazuli::core::Value| {
        entry.at("name").and_then(|found| found.as_str()) == Some(name)
    };
    let entry = settings.as_list()?.iter().find(named)?;
    entry.at("value")?.as_str().map(str::to_owned)
}

#[tokio::test]
async fn the_app_refers_to_a_password_that_nothing_shows() {
    for (client, user) in [(None, "mocked-user"), (Some("the-client"), "the-client")] {
        let mut mocks = mocks();
        if let Some(client) = client {
            mocks = mocks
                .config("sign_in", "service principal")
                .config("client_id", client)
                .config("client_secret", "hunter2");
        }
        let stack = mocks.up(topology).await.unwrap();
        let found = setting(&stack, "DOCKER_REGISTRY_SERVER_USERNAME");
        assert_eq!(found.as_deref(), Some(user));
        let password = setting(&stack, "DOCKER_REGISTRY_SERVER_PASSWORD").unwrap();
        assert!(password.starts_with("@Microsoft.KeyVault("), "{password}");
        let shown = format!("{stack:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("mocked-password"));
    }
}

#[tokio::test]
async fn the_page_is_served_with_the_admin_users_password_out_of_the_vault() {
    let azure = Embedded::start(env!("CARGO_MANIFEST_DIR")).await.unwrap();
    azure.up(topology).await.unwrap();
    let page = azure
        .page("https://secureacrweb2021.azurewebsites.net/")
        .await;
    let log = azure.container_log("secureacrweb2021");
    assert!(page.text.contains("with a password"), "{log}");
    azure.destroy(topology).await.unwrap();
    // The vault's name is taken for days; the next deployment gets the vault back.
    azure.up(topology).await.unwrap();
}

#[tokio::test]
async fn the_page_is_served_with_a_service_principals_secret_and_with_no_other() {
    for is_right in [true, false] {
        let azure = Embedded::start(env!("CARGO_MANIFEST_DIR")).await.unwrap();
        let (client, secret) = azure.service_principal();
        let secret = if is_right {
            secret
        } else {
            "hunter2".to_owned()
        };
        let azure = azure.config("sign_in", "service principal");
        let azure = azure.config("client_id", client.as_str());
        let azure = azure.config("client_secret", secret);
        azure.up(topology).await.unwrap();
        let page = azure
            .page("https://secureacrweb2021.azurewebsites.net/")
            .await;
        let log = azure.container_log("secureacrweb2021");
        assert_eq!(page.text.contains("with a password"), is_right, "{log}");
        let refusal = format!("the secret of service principal {client} is wrong");
        assert_eq!(log.contains(&refusal), !is_right, "{log}");
        assert!(!log.contains("hunter2"), "{log}");
    }
}

#[tokio::test]
async fn the_page_is_served_with_a_token_that_the_registry_made() {
    let azure = Embedded::start(env!("CARGO_MANIFEST_DIR")).await.unwrap();
    let azure = azure.config("sign_in", "token");
    azure.up(topology).await.unwrap();
    let page = azure
        .page("https://secureacrweb2021.azurewebsites.net/")
        .await;
    let log = azure.container_log("secureacrweb2021");
    assert!(page.text.contains("with a password"), "{log}");
    let again = azure.up(topology).await.unwrap();
    assert_eq!((again.created, again.updated), (0, 0));
    azure.destroy(topology).await.unwrap();
}
