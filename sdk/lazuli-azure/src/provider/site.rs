//! Web apps, which are several resources in one: the site, its configuration,
//! and its settings, each written at another place.

use async_trait::async_trait;
use lazuli_core::{Declared, Observed, Progress, ProviderError, Recorded, Value};
use serde_json::{Value as Json, json};

use super::call::Call;
use super::connection::Connection;
use super::json::{at, covers, put, take};
use super::lifecycle::Lifecycle;
use super::reporter::Nobody;
use super::{error, location, merge, request, settings};

const CONFIG: &str = "properties.siteConfig";
const WEB: [&str; 2] = ["config", "web"];

/// The lifecycle of web apps and of their slots, which are sites below a site.
pub(crate) struct Site;

#[async_trait]
impl Lifecycle for Site {
    async fn create(
        &self,
        on: &Connection,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        create(&on.on_desired(desired, progress)?, &desired.inputs).await
    }

    async fn read(
        &self,
        on: &Connection,
        existing: &Recorded,
    ) -> Result<Option<Observed>, ProviderError> {
        read(&on.on_existing(existing, &Nobody)?, &existing.inputs).await
    }

    async fn update(
        &self,
        on: &Connection,
        existing: &Recorded,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        let call = on.on_change(existing, desired, progress)?;
        update(&call, &existing.inputs, &desired.inputs).await
    }

    async fn delete(
        &self,
        on: &Connection,
        existing: &Recorded,
        progress: &dyn Progress,
    ) -> Result<(), ProviderError> {
        delete(&on.on_existing(existing, progress)?, existing).await
    }
}

/// Creates the site with configuration and settings in one PUT: each further
/// write would restart it.
async fn create(call: &Call<'_>, inputs: &Value) -> Result<Observed, ProviderError> {
    let body = body(inputs)?;
    let answer = call.put(&body).await?;
    complete(call, answer, inputs)
        .await
        .map_err(error::in_doubt)
}

/// Reads the site, its configuration, and the declared ones of its settings.
async fn read(call: &Call<'_>, inputs: &Value) -> Result<Option<Observed>, ProviderError> {
    match call.get_settled().await? {
        Some(site) => complete(call, site, inputs).await.map(Some),
        None => Ok(None),
    }
}

/// Writes what differs, and nothing else. The site first, for its configuration
/// may refer to a new identity or network; the settings last, so that the app
/// starts once with all of it.
async fn update(
    call: &Call<'_>,
    before: &Value,
    inputs: &Value,
) -> Result<Observed, ProviderError> {
    let Some(current) = call.get_settled().await? else {
        return create(call, inputs).await;
    };
    let mut wrote = false;
    let written = write(call, &current, before, inputs, &mut wrote).await;
    // Of several writes the first ones stay when a later one is refused.
    let doubt = |error| if wrote { error::in_doubt(error) } else { error };
    written.map_err(doubt)?;
    let site = call.get_settled().await.map_err(doubt)?.unwrap_or(current);
    complete(call, site, inputs).await.map_err(doubt)
}

async fn write(
    call: &Call<'_>,
    current: &Json,
    before: &Value,
    inputs: &Value,
    wrote: &mut bool,
) -> Result<(), ProviderError> {
    let mut declared = body(inputs)?;
    let mut config = take(&mut declared, CONFIG).unwrap_or_else(|| json!({}));
    for dictionary in settings::ALL {
        take(&mut config, dictionary.member());
    }
    if !is_as_declared(current, before, &declared) {
        call.put(&merge::body(call.ty(), current.clone(), before, &declared))
            .await?;
        *wrote = true;
    }
    *wrote |= update_config(call, &config).await?;
    for dictionary in settings::ALL {
        *wrote |= settings::update(call, dictionary, before, inputs).await?;
    }
    Ok(())
}

/// Leaves the network first: a subnet stays blocked by a site that is deleted
/// while connected (service association link). `deleteEmptyServerFarm` would
/// take the plan along with its last site.
async fn delete(call: &Call<'_>, existing: &Recorded) -> Result<(), ProviderError> {
    let subnet = "properties.virtualNetworkSubnetId";
    let known = [&existing.outputs, &existing.inputs]
        .into_iter()
        .filter_map(|values| values.at(subnet));
    let connected = known
        .filter_map(Value::as_str)
        .any(|subnet| !subnet.is_empty());
    if connected {
        call.reporter.status("leaving the virtual network");
        call.delete_child(["networkConfig", "virtualNetwork"])
            .await?;
    }
    let deleted = call.delete(&[("deleteEmptyServerFarm", "false")]).await;
    deleted.map_err(|error| {
        if connected {
            error::in_doubt(error)
        } else {
            error
        }
    })
}

/// The declared site. Azure wants public access said twice, in the site and in
/// its configuration, or the one undoes the other (azure-rest-api-specs#24681).
fn body(inputs: &Value) -> Result<Json, ProviderError> {
    let mut body = request::body(inputs)?;
    let twin = "properties.siteConfig.publicNetworkAccess";
    if let Some(access) = at(&body, "properties.publicNetworkAccess").cloned()
        && at(&body, twin).is_none()
    {
        put(&mut body, twin, access);
    }
    Ok(body)
}

fn is_as_declared(current: &Json, before: &Value, declared: &Json) -> bool {
    let (mut current, mut declared_site) = (current.clone(), declared.clone());
    for site in [&mut current, &mut declared_site] {
        if let Some(Json::String(text)) = site.get_mut("location") {
            *text = location::normal(text);
        }
    }
    covers(&current, &declared_site)
        && merge::retired(before, declared, "tags").is_empty()
        && merge::retired(before, declared, "identity.userAssignedIdentities").is_empty()
}

/// Says whether it wrote.
async fn update_config(call: &Call<'_>, config: &Json) -> Result<bool, ProviderError> {
    if config.as_object().is_none_or(|members| members.is_empty()) {
        return Ok(false);
    }
    let current = call.get_child(WEB).await?.unwrap_or(Json::Null);
    let same = current
        .get("properties")
        .is_some_and(|current| covers(current, config));
    if same {
        return Ok(false);
    }
    call.patch_child(WEB, &json!({ "properties": config }))
        .await?;
    Ok(true)
}

/// The site's own answer shows next to nothing of its configuration; this puts
/// it where it was declared.
async fn complete(
    call: &Call<'_>,
    mut site: Json,
    inputs: &Value,
) -> Result<Observed, ProviderError> {
    if let Some(mut config) = call
        .get_child(WEB)
        .await?
        .and_then(|mut web| take(&mut web, "properties"))
    {
        for unsaid in ["appSettings", "connectionStrings", "machineKey", "metadata"] {
            take(&mut config, unsaid);
        }
        put(&mut site, CONFIG, config);
    }
    let mut created = request::created(call.ty(), call.id.as_str(), site, inputs);
    for dictionary in settings::ALL {
        if let Some(list) = settings::read(call, dictionary, inputs).await? {
            set(
                &mut created.outputs,
                &["properties", "siteConfig", dictionary.member()],
                list,
            );
        }
    }
    Ok(created)
}

fn set(outputs: &mut Value, path: &[&str], value: Value) {
    if !matches!(outputs, Value::Map(_)) {
        *outputs = Value::map();
    }
    let (Value::Map(members), Some((key, rest))) = (outputs, path.split_first()) else {
        return;
    };
    match rest {
        [] => {
            members.insert((*key).to_owned(), value);
        }
        rest => set(
            members.entry((*key).to_owned()).or_insert_with(Value::map),
            rest,
            value,
        ),
    }
}
