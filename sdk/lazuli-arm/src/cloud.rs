//! Clouds: where the resource manager is, who signs tokens for it, and how its services' host names end.

use serde_json::Value;
use url::Url;

use crate::error::{ArmError, ArmErrorKind, Result};
use crate::exchange::exchange;
use crate::method::Method;
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
    /// Web apps: `azurewebsites.net`. The metadata does not tell it.
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
    /// When the endpoint cannot be reached, or does not answer with the metadata of a cloud.
    pub async fn discover(endpoint: &Url, transport: &Transport) -> Result<Self> {
        let text = format!("{}{METADATA_PATH}", endpoint.as_str().trim_end_matches('/'));
        let about = |error: ArmError| error.about(Method::Get, &text);
        let answer = exchange(transport.http().get(&text)).await.map_err(about)?;
        let unusable = |why: String| {
            let message = format!("{endpoint} does not describe a cloud: {why}");
            about(ArmError::new(ArmErrorKind::BadAnswer, message))
        };
        if !answer.is_success() {
            return Err(unusable(format!(
                "HTTP {}: {}",
                answer.status(),
                crate::error_body::snippet(answer.body())
            )));
        }
        let metadata = answer
            .json()
            .map_err(|error| unusable(error.message().to_owned()))?;
        Self::from_metadata(endpoint, &metadata).map_err(unusable)
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
            .map_err(|error| format!("`authentication.loginEndpoint` is no URL: {error}"))?;
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
                "no URL",
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
    fn known_clouds_are_known() {
        for cloud in [Cloud::public(), Cloud::us_government(), Cloud::china()] {
            assert!(cloud.is_well_known(), "{cloud:?}");
            assert!(cloud.login.scheme() == "https" && !cloud.suffixes.websites.is_empty());
        }
    }
}
