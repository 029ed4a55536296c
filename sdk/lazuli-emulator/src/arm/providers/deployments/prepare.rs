//! From a request to a planned deployment: the template read, parameters checked, resources planned.

use serde_json::{Value, json};

use super::references;
use crate::arm::template::{self, DeploymentScope, Inputs, Plan, TemplateError, parameters};
use crate::arm::{Answer, Call, Caller, errors, json};
use crate::world::Resource;

/// A deployment that can run.
pub(super) struct Prepared {
    pub(super) template: Value,
    pub(super) inputs: Inputs,
    pub(super) plan: Plan,
    pub(super) mode: &'static str,
    /// The id of the group or subscription that is deployed to.
    pub(super) base: String,
    pub(super) variables: Value,
}

impl Prepared {
    /// # Errors
    /// ARM's refusal of the request or of the template.
    pub(super) fn of_call(call: &Call<'_>) -> Result<Prepared, Answer> {
        let properties = &call.object()?["properties"];
        let mode = mode(call, properties)?;
        let template = template(properties)?;
        let place = place(call, template, properties, mode);
        let given = references::resolve(call, &properties["parameters"])?;
        let build = || {
            check_shape(template)?;
            let variables = template["variables"].clone();
            let values = parameters::resolve(template, &given, &place, &variables)?;
            let inputs = Inputs::new(place.clone(), values, &variables);
            let base = call.target.scope.clone();
            let plan = Plan::new(template, &inputs.scope(), &base)?;
            check_outputs(template)?;
            Ok((inputs, plan, base, variables))
        };
        let (inputs, plan, base, variables) = build().map_err(|error| invalid(call, &error))?;
        Ok(Prepared {
            template: template.clone(),
            inputs,
            plan,
            mode,
            base,
            variables,
        })
    }

    /// What is kept of it until it runs.
    pub(super) fn record(&self, call: &Call<'_>) -> Value {
        record(
            &self.template,
            &self.inputs,
            &self.variables,
            &self.base,
            (&call.caller, &call.incoming.base),
        )
    }

    /// The same again from the record.
    ///
    /// # Errors
    /// The template cannot be planned any more.
    pub(super) fn of_record(record: &Resource) -> template::Result<Prepared> {
        let kept = &record.private;
        let place: DeploymentScope =
            serde_json::from_value(kept["place"].clone()).unwrap_or_default();
        let values = kept["parameters"].as_object().cloned().unwrap_or_default();
        let variables = kept["variables"].clone();
        let inputs = Inputs::new(place, values.into_iter().collect(), &variables);
        let base = json::text(&kept["base"]).to_owned();
        let plan = Plan::new(&kept["template"], &inputs.scope(), &base)?;
        let complete = record.text("/properties/mode") == Some("Complete");
        Ok(Prepared {
            template: kept["template"].clone(),
            inputs,
            plan,
            mode: if complete { "Complete" } else { "Incremental" },
            base,
            variables,
        })
    }
}

/// `private` of a deployment's record.
pub(super) fn record(
    template: &Value,
    inputs: &Inputs,
    variables: &Value,
    base: &str,
    from: (&Caller, &str),
) -> Value {
    let (caller, host) = from;
    json!({
        "template": template, "parameters": inputs.parameters, "variables": variables, "base": base,
        "place": serde_json::to_value(&inputs.place).unwrap_or_default(),
        "caller": { "principal": caller.principal, "client": caller.client }, "host": host, "operations": [],
    })
}

fn mode(call: &Call<'_>, properties: &Value) -> Result<&'static str, Answer> {
    let mode = json::one_of(&properties["mode"], "mode", &["Incremental", "Complete"])?;
    let at_group = call.target.group().is_some();
    if !at_group
        && json::text(&call.body["location"]).is_empty()
        && !json::same(call.target.word.as_deref().unwrap_or_default(), "cancel")
    {
        let message = "The location property is required for this definition: a deployment at subscription scope must say where it is kept.";
        return Err(Answer::error(400, "LocationRequired", message));
    }
    match mode {
        None => Err(errors::invalid_content(
            "The request content was invalid and could not be deserialized: 'Required property 'mode' not found in JSON. Path 'properties'.'",
        )),
        Some("Complete") if !at_group => Err(Answer::error(
            400,
            "InvalidDeployment",
            "The deployment mode 'Complete' is not supported at subscription scope. Please use 'Incremental'.",
        )),
        Some(mode) => Ok(mode),
    }
}

fn template(properties: &Value) -> Result<&Value, Answer> {
    for linked in ["templateLink", "parametersLink"] {
        if !properties[linked].is_null() {
            return Err(errors::not_modelled(&format!(
                "A deployment with '{linked}'"
            )));
        }
    }
    match &properties["template"] {
        template @ Value::Object(_) => Ok(template),
        _ => Err(Answer::error(
            400,
            "InvalidRequestContent",
            "The request content was invalid: the deployment must have 'properties.template', an object.",
        )),
    }
}

fn check_shape(template: &Value) -> template::Result<()> {
    for word in ["$schema", "contentVersion", "resources"] {
        if template[word].is_null() {
            return Err(TemplateError::new(format!(
                "Required property '{word}' not found in JSON. Path 'properties.template'"
            )));
        }
    }
    if !template["functions"].is_null()
        && template["functions"]
            .as_array()
            .is_none_or(|all| !all.is_empty())
    {
        return Err(TemplateError::new(
            "User-defined template functions are not modelled by this emulator: write the expressions where they are used.",
        ));
    }
    Ok(())
}

fn check_outputs(template: &Value) -> template::Result<()> {
    for (name, output) in template["outputs"].as_object().into_iter().flatten() {
        if parameters::type_name(&output["type"]).is_none() {
            return Err(TemplateError::new(format!(
                "The template output '{name}' is not valid: its type '{}' is unknown. Please see https://aka.ms/arm-syntax-outputs for usage details.",
                json::text(&output["type"])
            )));
        }
    }
    Ok(())
}

fn place(call: &Call<'_>, template: &Value, properties: &Value, mode: &str) -> DeploymentScope {
    let settings = call.world.settings();
    let group = match call.target.group() {
        Some(_) => call
            .world
            .get(&call.target.scope)
            .map(|group| group.body)
            .unwrap_or_default(),
        None => Value::Null,
    };
    let mut deployment = json!({
        "name": call.target.name(),
        "properties": {
            "template": { "$schema": template["$schema"], "contentVersion": template["contentVersion"] },
            "templateHash": template::hash::template_hash(template), "parameters": properties["parameters"], "mode": mode,
            "provisioningState": "Accepted",
        },
    });
    if let Some(location) = call.body["location"].as_str() {
        json::set(&mut deployment, "location", location);
    }
    DeploymentScope {
        tenant: settings.tenant.clone(),
        subscription: settings.subscription.clone(),
        group,
        deployment,
        origin: call.world.origin(),
        environment: environment(settings.base(), &settings.tenant),
    }
}

/// The public cloud as templates see it, with this emulator's address for ARM.
fn environment(base: &str, tenant: &str) -> Value {
    json!({
        "name": "AzureCloud", "resourceManager": format!("{base}/"), "portal": "https://portal.azure.com",
        "graph": "https://graph.windows.net/", "graphAudience": "https://graph.windows.net/", "gallery": "https://gallery.azure.com/",
        "authentication": { "loginEndpoint": format!("{base}/"), "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"], "tenant": tenant, "identityProvider": "AAD" },
        "suffixes": {
            "acrLoginServer": ".azurecr.io", "keyvaultDns": ".vault.azure.net", "storage": "core.windows.net",
            "sqlServerHostname": ".database.windows.net", "azureFrontDoorEndpointSuffix": "azurefd.net",
        },
    })
}

/// `InvalidTemplate`, with the place of the parameter it is about.
fn invalid(call: &Call<'_>, error: &TemplateError) -> Answer {
    let path = error
        .parameter
        .as_ref()
        .map(|name| format!("properties.template.parameters.{name}"));
    let document = template::text::read(&String::from_utf8_lossy(&call.incoming.body)).ok();
    let position = path
        .as_ref()
        .and_then(|path| document.as_ref()?.objects.get(path).copied());
    let at = position.map(|(line, column)| format!(" at line '{line}' and column '{column}'"));
    let message = error
        .message
        .replace("{at}", at.as_deref().unwrap_or_default());
    let (line, column) = position.unwrap_or_default();
    let info =
        json!({ "lineNumber": line, "linePosition": column, "path": path.unwrap_or_default() });
    Answer::json(
        http::StatusCode::BAD_REQUEST,
        json!({ "error": {
            "code": "InvalidTemplate", "message": format!("Deployment template validation failed: '{message}'."),
            "additionalInfo": [{ "type": "TemplateViolation", "info": info }],
        } }),
    )
}

/// A deployment's request without the values of its secure parameters, for the request log.
pub(crate) fn without_secrets(body: &Value, replacement: &str) -> Value {
    let mut shown = body.clone();
    let declared = body["properties"]["template"]["parameters"].clone();
    let given = shown["properties"]["parameters"].as_object_mut();
    for (name, one) in given.into_iter().flatten() {
        let all = declared.as_object().into_iter().flatten();
        let kind = all
            .filter(|(known, _)| json::same(known, name))
            .filter_map(|(_, declaration)| parameters::type_name(&declaration["type"]))
            .next();
        // What the template does not declare may be anything.
        if kind.is_none_or(parameters::is_secure) && !one["value"].is_null() {
            json::set(one, "value", replacement);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secure_values_are_left_out() {
        let body = json!({ "properties": {
            "template": { "parameters": { "a": { "type": "securestring" }, "b": { "type": "string" } } },
            "parameters": { "A": { "value": "hidden" }, "b": { "value": "seen" }, "c": { "value": "unknown" } } } });
        let shown = without_secrets(&body, "-").to_string();
        assert!(
            shown.contains("seen") && !shown.contains("hidden") && !shown.contains("unknown"),
            "{shown}"
        );
    }
}
