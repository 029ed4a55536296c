//! Clouds: where the resource manager is, who signs tokens for it, and how its services' host names end.

use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::error::{ArmError, ArmErrorKind, Result};
use crate::exchange::exchange;
use crate::method::Method;
use crate::retry::{Budget, Jitter, RetryClass, RetryPolicy, classify};
use crate::transport::Transport;

const METADATA_PATH: &str = "/metadata/endpoints?api-version=2022-09-01";

/// One Azure, with everything needed to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    /// Its name, such as `AzureCloud`.
    pub name: String,
    /// The resource manager's endpoint.
    pub resource_manager: Url,
    /// The authority that issues tokens.
    pub login: Url,
    /// The audience of the resource manager's tokens.
    pub audience: String,
    /// How the host names of services end.
    pub suffixes: Suffixes,
}

/// How the host names of services end, each without a leading dot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suffixes {
    /// Registries: `azurecr.io`.
    pub acr_login_server: String,
    /// Key vaults: `vault.azure.net`.
    pub key_vault_dns: String,
    /// Storage: `core.windows.net`.
    pub storage: String,
    /// Web apps: `azurewebsites.net`. The metadata does not contain it.
    pub websites: String,
}

/// The well-known clouds: name, resource manager, login, audience, and the four suffixes in the struct's order.
const KNOWN: [[&str; 8]; 3] = [
    [
        "AzureCloud",
        "https://management.azure.com/",
        "https://login.microsoftonline.com/",
        "https://management.azure.com",
        "azurecr.io",
        "vault.azure.net",
        "core.windows.net",
        "azurewebsites.net",
    ],
    [
        "AzureUSGovernment",
        "https://management.usgovcloudapi.net/",
        "https://login.microsoftonline.us/",
        "https://management.usgovcloudapi.net",
        "azurecr.us",
        "vault.usgovcloudapi.net",
        "core.usgovcloudapi.net",
        "azurewebsites.us",
    ],
    [
        "AzureChinaCloud",
        "https://management.chinacloudapi.cn/",
        "https://login.chinacloudapi.cn/",
        "https://management.chinacloudapi.cn",
        "azurecr.cn",
        "vault.azure.cn",
        "core.chinacloudapi.cn",
        "chinacloudsites.cn",
    ],
];

/// Where Microsoft's clouds sign in, beside the endpoints above.
const LOGINS: [&str; 5] = [
    "https://login.microsoftonline.com/",
    "https://login.windows.net/",
    "https://login.microsoft.com/",
    "https://login.microsoftonline.us/",
    "https://login.chinacloudapi.cn/",
];

/// How the hosts of Microsoft's services end, for which Entra ID gives tokens.
const AZURE_HOSTS: [&str; 10] = [
    "azure.com",
    "azure.net",
    "azure.us",
    "azure.cn",
    "windows.net",
    "microsoft.com",
    "microsoft.us",
    "microsoftonline.com",
    "usgovcloudapi.net",
    "chinacloudapi.cn",
];

impl Cloud {
    /// The public cloud.
    #[must_use]
    pub fn public() -> Self {
        Self::known(0)
    }

    /// Azure for the government of the United States.
    #[must_use]
    pub fn us_government() -> Self {
        Self::known(1)
    }

    /// Azure in China.
    #[must_use]
    pub fn china() -> Self {
        Self::known(2)
    }

    /// Asks an endpoint what cloud it belongs to. Works with every endpoint that serves `/metadata/endpoints`.
    ///
    /// # Errors
    /// When the endpoint cannot be reached, or does not answer with the metadata of a cloud; when it names a login
    /// endpoint or an audience that secrets and tokens must not be exposed to.
    pub async fn discover(endpoint: &Url, transport: &Transport) -> Result<Self> {
        let budget = Budget::new(RetryPolicy::default(), Jitter::seeded(0));
        Self::ask(endpoint, transport, budget, None).await
    }

    /// The same, with a budget for attempts, and with the login endpoint that the user expects on another host.
    pub(crate) async fn ask(
        endpoint: &Url,
        transport: &Transport,
        mut budget: Budget,
        login: Option<&Url>,
    ) -> Result<Self> {
        let started = Instant::now();
        let cloud = loop {
            let error = match Self::ask_once(endpoint, transport).await {
                Ok(cloud) => break cloud,
                Err(error) => error,
            };
            let passing = error.kind() == ArmErrorKind::BadAnswer && error.status().is_none();
            let class = if passing {
                Some(RetryClass::Transient)
            } else {
                classify(Method::Get, false, &error)
            };
            let wait =
                class.and_then(|class| budget.next(class, started.elapsed(), error.retry_after()));
            let Some(delay) = wait else {
                let refusal = budget.refusal(error.retry_after());
                return Err(error.because(refusal));
            };
            tokio::time::sleep(delay).await;
        };
        cloud.check_trust(login).map_err(|why| {
            ArmError::new(ArmErrorKind::ForeignUrl, why).about(Method::Get, METADATA_PATH)
        })?;
        Ok(cloud)
    }

    async fn ask_once(endpoint: &Url, transport: &Transport) -> Result<Self> {
        let text = format!("{}{METADATA_PATH}", endpoint.as_str().trim_end_matches('/'));
        let about = |error: ArmError| error.about(Method::Get, &text);
        let answer = exchange(transport.http().get(&text)).await.map_err(about)?;
        let unusable = |why: String| {
            let message = format!("{endpoint} does not describe a cloud: {why}");
            about(ArmError::new(ArmErrorKind::BadAnswer, message))
        };
        if !answer.is_success() {
            let said = crate::error_body::snippet(answer.body());
            let why = format!("{endpoint} does not describe a cloud: {said}");
            return Err(about(ArmError::from_answer(&answer).reworded(why)));
        }
        let metadata = answer
            .json()
            .map_err(|error| unusable(error.message().to_owned()))?;
        Self::from_metadata(endpoint, &metadata).map_err(unusable)
    }

    /// What an endpoint that is not Microsoft's may ask for. It must not have the client's secret sent to a host that
    /// the user did not name, nor be given a token that Azure itself would take.
    fn check_trust(&self, expected_login: Option<&Url>) -> std::result::Result<(), String> {
        if self.is_well_known() {
            return Ok(());
        }
        let (endpoint, login) = (&self.resource_manager, &self.login);
        let same = |other: &Url| other.origin() == login.origin();
        let microsoft = LOGINS.iter().any(|known| same_host(known, login));
        if !(same(endpoint) || microsoft || expected_login.is_some_and(same)) {
            return Err(format!(
                "{endpoint} names {login} as the place to sign in, which is another host; if that is right, set \
                 AZURE_AUTHORITY_HOST={login}"
            ));
        }
        if is_of_azure(&self.audience) {
            return Err(format!(
                "{endpoint} asks for a token of {}, which Azure itself would take; such a token is sent to Azure only",
                self.audience
            ));
        }
        Ok(())
    }

    /// The scope to ask a resource manager's token for.
    #[must_use]
    pub fn scope(&self) -> String {
        format!("{}/.default", self.audience.trim_end_matches('/'))
    }

    /// Whether it is one of Microsoft's own clouds.
    #[must_use]
    pub fn is_well_known(&self) -> bool {
        KNOWN
            .iter()
            .any(|[_, endpoint, ..]| same_host(endpoint, &self.resource_manager))
    }

    fn known(index: usize) -> Self {
        let [
            name,
            resource_manager,
            login,
            audience,
            acr,
            vault,
            storage,
            websites,
        ] = KNOWN[index];
        let url = |text: &str| {
            Url::parse(text).unwrap_or_else(|error| panic!("constant {text}: {error}"))
        };
        Self {
            name: name.to_owned(),
            resource_manager: url(resource_manager),
            login: url(login),
            audience: audience.to_owned(),
            suffixes: Suffixes {
                acr_login_server: acr.to_owned(),
                key_vault_dns: vault.to_owned(),
                storage: storage.to_owned(),
                websites: websites.to_owned(),
            },
        }
    }

    /// Reads the metadata document: one cloud, or (older versions) a list of clouds.
    fn from_metadata(endpoint: &Url, metadata: &Value) -> std::result::Result<Self, String> {
        let described = match metadata {
            Value::Array(clouds) => pick(endpoint, clouds).ok_or("the list of clouds is empty")?,
            one => one,
        };
        let text = |pointer: &str| {
            described
                .pointer(pointer)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let login = text("/authentication/loginEndpoint")
            .ok_or("`authentication.loginEndpoint` is missing")?;
        let login = Url::parse(login)
            .map_err(|error| format!("`authentication.loginEndpoint` is not a URL: {error}"))?;
        let audience =
            text("/authentication/audiences/0").ok_or("`authentication.audiences` is empty")?;
        let similar = (0..KNOWN.len())
            .find(|&at| same_host(KNOWN[at][1], endpoint) || text("/name") == Some(KNOWN[at][0]));
        let defaults = Self::known(similar.unwrap_or(0)).suffixes;
        let suffix = |key: &str, default: String| {
            let told = text(&format!("/suffixes/{key}"))
                .map(|told| told.trim_start_matches('.').to_owned());
            told.unwrap_or(default)
        };
        Ok(Self {
            name: text("/name").unwrap_or("Custom").to_owned(),
            resource_manager: endpoint.clone(),
            login,
            audience: audience.to_owned(),
            suffixes: Suffixes {
                acr_login_server: suffix("acrLoginServer", defaults.acr_login_server),
                key_vault_dns: suffix("keyVaultDns", defaults.key_vault_dns),
                storage: suffix("storage", defaults.storage),
                websites: defaults.websites,
            },
        })
    }
}

/// Of a list of clouds, the one whose resource manager was asked, or else the first.
fn pick<'a>(endpoint: &Url, clouds: &'a [Value]) -> Option<&'a Value> {
    let manager = |cloud: &&Value| {
        let text = cloud.get("resourceManager").and_then(Value::as_str);
        text.is_some_and(|text| same_host(text, endpoint))
    };
    clouds.iter().find(manager).or_else(|| clouds.first())
}

/// Whether a token for that audience opens something of Microsoft's. An audience may be an application's bare id.
fn is_of_azure(audience: &str) -> bool {
    let host = Url::parse(audience)
        .ok()
        .and_then(|url| url.host_str().map(str::to_ascii_lowercase));
    let Some(host) = host else {
        return uuid::Uuid::parse_str(audience.trim_matches('/')).is_ok();
    };
    let host = host.trim_end_matches('.');
    AZURE_HOSTS.iter().any(|known| {
        host.strip_suffix(known)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

fn same_host(text: &str, url: &Url) -> bool {
    Url::parse(text).is_ok_and(|parsed| parsed.origin() == url.origin())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(endpoint: &str, metadata: &Value) -> std::result::Result<Cloud, String> {
        Cloud::from_metadata(&Url::parse(endpoint).unwrap(), metadata)
    }

    #[test]
    fn an_object_or_a_list_describes_a_cloud() {
        let one = json!({
            "name": "Local",
            "authentication": {"loginEndpoint": "https://127.0.0.1:1/", "audiences": ["https://127.0.0.1:1/"]},
            "suffixes": {"acrLoginServer": ".azurecr.test"},
        });
        for metadata in [one.clone(), json!([one])] {
            let cloud = read("https://127.0.0.1:1", &metadata).unwrap();
            assert_eq!(cloud.name, "Local");
            assert_eq!(cloud.scope(), "https://127.0.0.1:1/.default");
            assert_eq!(cloud.suffixes.acr_login_server, "azurecr.test");
            assert_eq!(cloud.suffixes.storage, "core.windows.net");
            assert_eq!(cloud.suffixes.websites, "azurewebsites.net");
            assert!(!cloud.is_well_known());
        }
    }

    #[test]
    fn a_list_is_searched_for_the_endpoint_that_was_asked() {
        let entry = |name: &str, manager: &str| {
            json!({"name": name, "resourceManager": manager,
                "authentication": {"loginEndpoint": "https://login.chinacloudapi.cn", "audiences": ["a"]}})
        };
        let list = json!([
            entry("AzureCloud", "https://management.azure.com/"),
            entry("AzureChinaCloud", "https://management.chinacloudapi.cn"),
        ]);
        let cloud = read("https://management.chinacloudapi.cn/", &list).unwrap();
        assert_eq!(
            (cloud.name.as_str(), cloud.suffixes.websites.as_str()),
            ("AzureChinaCloud", "chinacloudsites.cn")
        );
    }

    #[test]
    fn what_describes_no_cloud_says_what_is_missing() {
        let cases = [
            (json!([]), "list of clouds is empty"),
            (json!({}), "loginEndpoint"),
            (
                json!({"authentication": {"loginEndpoint": "nowhere", "audiences": ["a"]}}),
                "not a URL",
            ),
            (
                json!({"authentication": {"loginEndpoint": "https://l", "audiences": []}}),
                "audiences",
            ),
            (json!("hello"), "loginEndpoint"),
        ];
        for (metadata, expected) in cases {
            let error = read("https://127.0.0.1:1", &metadata).unwrap_err();
            assert!(error.contains(expected), "{metadata}: {error}");
        }
    }

    #[test]
    fn a_foreign_endpoint_gets_neither_secrets_nor_tokens_of_azure() {
        let check = |endpoint: &str, login: &str, audience: &str, expected: Option<&str>| {
            let metadata =
                json!({"authentication": {"loginEndpoint": login, "audiences": [audience]}});
            let cloud = read(endpoint, &metadata).unwrap();
            let expected = expected.map(|text| Url::parse(text).unwrap());
            cloud.check_trust(expected.as_ref())
        };
        let (own, adfs) = ("https://arm.stack.test", "https://adfs.stack.test/");
        let entra = "https://login.microsoftonline.com/";
        let right = [
            (own, own, own, None),
            (own, adfs, own, Some("https://adfs.stack.test")),
            (
                own,
                entra,
                "https://management.acme.onmicrosoft.com/1",
                None,
            ),
            (own, own, "https://notazure.com", None),
            (
                "https://management.azure.com",
                entra,
                "https://management.azure.com",
                None,
            ),
        ];
        for (endpoint, login, audience, expected) in right {
            assert_eq!(check(endpoint, login, audience, expected), Ok(()));
        }
        let wrong = [
            (own, adfs, own, None, "AZURE_AUTHORITY_HOST"),
            (
                own,
                adfs,
                own,
                Some("https://other.test"),
                "AZURE_AUTHORITY_HOST",
            ),
            (
                own,
                "https://arm.stack.test:444",
                own,
                None,
                "AZURE_AUTHORITY_HOST",
            ),
            (
                own,
                "http://arm.stack.test",
                own,
                None,
                "AZURE_AUTHORITY_HOST",
            ),
            (
                own,
                own,
                "https://management.azure.com",
                None,
                "Azure itself",
            ),
            (
                own,
                own,
                "https://MANAGEMENT.core.windows.net./",
                None,
                "Azure itself",
            ),
            (own, entra, "https://vault.azure.net", None, "Azure itself"),
            (
                own,
                entra,
                "797f4846-ba00-4fd7-ba43-dac1f8f63013",
                None,
                "Azure itself",
            ),
        ];
        for (endpoint, login, audience, expected, text) in wrong {
            let error = check(endpoint, login, audience, expected).unwrap_err();
            assert!(error.contains(text), "{login} {audience}: {error}");
        }
    }

    #[test]
    fn known_clouds_are_known() {
        for cloud in [Cloud::public(), Cloud::us_government(), Cloud::china()] {
            assert!(cloud.is_well_known(), "{cloud:?}");
            assert!(cloud.login.scheme() == "https" && !cloud.suffixes.websites.is_empty());
        }
    }
}
