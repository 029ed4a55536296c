//! Host names, which follow from names and are known before deployment.

use lazuli_core::{Input, IntoMap, Output, Property, Value};

use crate::generated::{
    FunctionApp, KeyVault, Registry, ResourceGroup, SiteConfigBuilder, WebApp, WebAppSlot,
};
use crate::resources::{AnyProperty, Block, Resource};

impl ResourceGroup {
    /// The declared region.
    pub fn location(&self) -> Output<String> {
        // The builder does not finish without a location.
        let location = self.resource.location();
        location
            .unwrap_or_else(|| Input::Value(String::new()))
            .into_output()
    }
}

impl Registry {
    /// The host that images are pushed to and pulled from, for example
    /// `contoso.azurecr.io` (lower case, whatever the registry's name).
    pub fn login_server(&self) -> Output<String> {
        host(&self.resource, self.resource.target().registry_suffix())
    }
}

macro_rules! apps {
    ($($name:ident),*) => {$(
        impl $name {
            /// The host that the app answers at, for example `contoso.azurewebsites.net`.
            /// Known early unless a domain name label scope makes Azure add a hash.
            #[track_caller]
            pub fn default_host_name(&self) -> Output<String> {
                if self.resource.hashed_host {
                    return self.resource.handle().property("properties.defaultHostName");
                }
                host(&self.resource, self.resource.target().websites_suffix())
            }
        }
    )*};
}
apps!(WebApp, FunctionApp);

impl WebAppSlot {
    /// The host that the slot answers at, `{app}-{slot}.azurewebsites.net` (App Service).
    pub fn default_host_name(&self) -> Output<String> {
        let suffix = self.resource.target().websites_suffix();
        self.resource.id().map(move |id| {
            let parts: Vec<&str> = id.rsplit('/').collect();
            let at = |at: usize| parts.get(at).copied().unwrap_or_default();
            format!("{}-{}.{suffix}", at(2), at(0)).to_lowercase()
        })
    }
}

impl KeyVault {
    /// The address of the vault, for example `https://contoso.vault.azure.net`.
    pub fn uri(&self) -> Output<String> {
        let suffix = self.resource.target().vault_host_suffix().to_owned();
        host(&self.resource, suffix).map(|host| format!("https://{host}"))
    }
}

/// `{name}.{suffix}`, made from the id so that it depends on the resource.
fn host(resource: &Resource, suffix: String) -> Output<String> {
    resource.id().map(move |id| {
        let name = id.rsplit('/').next().unwrap_or_default();
        format!("{}.{suffix}", name.to_lowercase())
    })
}

impl SiteConfigBuilder<((Block,),)> {
    /// Adds app settings: `[("KEY", "value")]`.
    pub fn app_settings(self, settings: impl IntoMap<String>) -> Self {
        let settings = match settings.into_map().into_property() {
            Property::Map(members) => Property::List(members.into_iter().map(pair).collect()),
            Property::Output(all) => Property::Output(all.map(pairs)),
            other => other,
        };
        self.extend("appSettings", settings)
    }
}

fn pair((name, value): (String, Property)) -> Property {
    let mut pair = Property::map();
    pair.set("name", name.into_property());
    pair.set("value", value);
    pair
}

fn pairs(all: Value) -> Value {
    let members = all.as_map().cloned().unwrap_or_default();
    let pair = |(name, value)| {
        let members = [
            ("name".to_owned(), Value::String(name)),
            ("value".to_owned(), value),
        ];
        Value::Map(members.into())
    };
    Value::List(members.into_iter().map(pair).collect())
}
