//! A deployment's run: its resources one after the other through the router, its outputs, its end.

use http::Method;
use serde_json::{Value, json};

use super::prepare::{self, Prepared};
use super::{KIND, is_active, show};
use crate::arm::template::{self, Planned, Runtime, Scope, TemplateError, parameters};
use crate::arm::{Body, Caller, ids, json, lro, router};
use crate::conditions::Conditions;
use crate::world::{Resource, World};

/// Nested deployments deeper than this are refused.
const MAX_DEPTH: usize = 5;
/// How often refused deletions of a complete deployment are tried again.
const ROUNDS: usize = 4;

/// Runs the deployment of a record to its end. Called when its operation ends.
pub(crate) fn run(world: &World, conditions: &Conditions, id: &str) {
    run_at((world, conditions), id, 0);
}

fn run_at((world, conditions): (&World, &Conditions), id: &str, depth: usize) {
    let Some(record) = world.get(id).filter(is_active) else {
        return;
    };
    world.update(id, |record| {
        json::set(super::properties(record), "provisioningState", "Running")
    });
    let prepared = match Prepared::of_record(&record) {
        Ok(prepared) => prepared,
        Err(error) => return fail(world, id, vec![invalid(&error)]),
    };
    let run = Run::new((world, conditions), &record, &prepared, depth);
    let mut failures = run.resources(id);
    if failures.is_empty() && prepared.mode == "Complete" {
        failures = run.remove_the_rest();
    }
    if failures.is_empty() {
        match run.outputs() {
            Ok(outputs) => return run.succeed(id, outputs),
            Err(error) => failures.push(invalid(&error)),
        }
    }
    fail(world, id, failures);
}

fn invalid(error: &TemplateError) -> Value {
    let message = format!(
        "Unable to process template language expressions: '{}'",
        error.message
    );
    json!({ "code": "InvalidTemplate", "message": message })
}

fn fail(world: &World, id: &str, details: Vec<Value>) {
    let message = "At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.";
    let error =
        json!({ "code": "DeploymentFailed", "target": id, "message": message, "details": details });
    world.update(id, |record| {
        show::ended(world, record, "Failed");
        json::set(super::properties(record), "error", error);
    });
}

/// What became of one resource.
struct Done {
    status: u16,
    error: Option<Value>,
}

impl Done {
    fn failed(status: u16, error: Value) -> Done {
        Done {
            status,
            error: Some(error),
        }
    }
}

struct Run<'a> {
    world: &'a World,
    conditions: &'a Conditions,
    prepared: &'a Prepared,
    caller: Caller,
    host: String,
    depth: usize,
    correlation: Value,
}

impl<'a> Run<'a> {
    fn new(
        (world, conditions): (&'a World, &'a Conditions),
        record: &Resource,
        prepared: &'a Prepared,
        depth: usize,
    ) -> Run<'a> {
        let text = |value: &Value| json::text(value).to_owned();
        Run {
            world,
            conditions,
            prepared,
            caller: Caller {
                principal: text(&record.private["caller"]["principal"]),
                client: text(&record.private["caller"]["client"]),
            },
            host: text(&record.private["host"]),
            depth,
            correlation: record.body["properties"]["correlationId"].clone(),
        }
    }

    fn scope(&self) -> Scope<'_> {
        self.prepared.inputs.scope().running(self)
    }

    fn inside(&self, method: Method, path: &str, version: &str, body: Value) -> (u16, Value) {
        let answer = router::inside(
            (self.world, self.conditions),
            (&self.caller, &self.host),
            method,
            path,
            version,
            body,
        );
        let body = match answer.body {
            Body::Json(body) => body,
            Body::Text { text, .. } => text.into(),
            Body::Empty => Value::Null,
        };
        (answer.status.as_u16(), body)
    }

    /// Makes the resources in order; what waits for a failed one is not tried.
    fn resources(&self, deployment: &str) -> Vec<Value> {
        let all = &self.prepared.plan.resources;
        let mut broken = vec![false; all.len()];
        let mut failures = Vec::new();
        for at in &self.prepared.plan.order {
            let one = &all[*at];
            if one.existing {
                continue;
            }
            if one.depends.iter().any(|other| broken[*other]) {
                broken[*at] = true;
                continue;
            }
            let started = show::now(self.world);
            let done = self.resource(one);
            self.note(deployment, one, &done, &started);
            if let Some(error) = done.error {
                broken[*at] = true;
                failures.push(error);
            }
        }
        failures
    }

    fn resource(&self, one: &Planned) -> Done {
        if one.is_deployment() {
            return self.nested(one);
        }
        let body = match one.body(&self.scope()) {
            Ok(body) => body,
            Err(error) => {
                let message = format!(
                    "Unable to process template language expressions for resource '{}' at line '1' and column '1'. '{}'",
                    one.id, error.message
                );
                return Done::failed(
                    400,
                    json!({ "code": "InvalidTemplate", "target": one.id, "message": message }),
                );
            }
        };
        let (status, answer) = self.inside(Method::PUT, &one.id, &one.api_version, body);
        if status >= 400 {
            return Done::failed(status, error_of(&answer));
        }
        match lro::finish(self.world, &one.id) {
            None => Done {
                status,
                error: None,
            },
            Some((code, message)) => Done::failed(
                409,
                json!({
                    "code": "ResourceDeploymentFailure", "target": one.id,
                    "message": "The resource write operation failed to complete successfully, because it reached terminal provisioning state 'Failed'.",
                    "details": [{ "code": code, "message": message }],
                }),
            ),
        }
    }

    /// A deployment inside this one, in its own scope or in this one's.
    fn nested(&self, one: &Planned) -> Done {
        match self.prepare_nested(one) {
            Err(error) => Done::failed(400, error),
            Ok(record) => {
                let id = record.id.clone();
                self.world.put(record);
                run_at((self.world, self.conditions), &id, self.depth + 1);
                let ended = self.world.get(&id);
                let error = ended
                    .as_ref()
                    .and_then(|record| record.at("/properties/error"))
                    .cloned();
                Done {
                    status: if error.is_some() { 409 } else { 200 },
                    error,
                }
            }
        }
    }

    fn prepare_nested(&self, one: &Planned) -> Result<Resource, Value> {
        let wrong = |error: TemplateError| {
            let message = format!(
                "Deployment template validation failed: '{}'.",
                error.message.replace("{at}", "")
            );
            json!({ "code": "InvalidTemplate", "target": one.id, "message": message })
        };
        if self.depth >= MAX_DEPTH {
            return Err(wrong(TemplateError::new(format!(
                "deployments are nested more than {MAX_DEPTH} deep"
            ))));
        }
        let template = one.raw_property("template").clone();
        if !template.is_object() {
            return Err(wrong(TemplateError::new(
                "the nested deployment must have 'properties.template'; linked templates are not modelled by this emulator",
            )));
        }
        let scope = self.scope();
        let inner = one
            .property(&scope, "expressionEvaluationOptions")
            .map_err(wrong)?;
        let inner = json::same(json::text(&inner["scope"]), "inner");
        let base = base_of(&one.id);
        self.check_group(&base)?;
        let mut place = self.prepared.inputs.place.clone();
        json::set(&mut place.deployment, "name", one.name.clone());
        let (values, variables) = if inner {
            place.group = match ids::group_of(&base) {
                Some(_) => self
                    .world
                    .get(&base)
                    .map(|group| group.body)
                    .unwrap_or_default(),
                None => Value::Null,
            };
            let given = one.property(&scope, "parameters").map_err(wrong)?;
            let variables = template["variables"].clone();
            (
                parameters::resolve(&template, &given, &place, &variables).map_err(wrong)?,
                variables,
            )
        } else {
            (
                self.prepared.inputs.parameters.clone(),
                scope.variables().map_err(wrong)?,
            )
        };
        let inputs = template::Inputs::new(place, values, &variables);
        let private = prepare::record(
            &template,
            &inputs,
            &variables,
            &base,
            (&self.caller, &self.host),
        );
        let mut record = Resource {
            id: one.id.clone(),
            kind: KIND.into(),
            body: json!({ "id": one.id, "name": one.name, "type": KIND, "properties": { "mode": "Incremental" } }),
            private,
        };
        if let Some(location) = &one.location {
            json::set(&mut record.body, "location", location.clone());
        }
        let prepared = Prepared::of_record(&record).map_err(wrong)?;
        show::nested(self.world, &mut record.body, &prepared, &self.correlation);
        Ok(record)
    }

    fn check_group(&self, base: &str) -> Result<(), Value> {
        match ids::group_of(base) {
            Some(group) if !self.world.contains(base) => Err(json!({
                "code": "ResourceGroupNotFound", "message": format!("Resource group '{group}' could not be found."),
            })),
            _ => Ok(()),
        }
    }

    /// Deletes what the group holds beyond the template, again and again while it helps.
    fn remove_the_rest(&self) -> Vec<Value> {
        let made: Vec<String> = self
            .prepared
            .plan
            .resources
            .iter()
            .map(|one| one.id.to_ascii_lowercase())
            .collect();
        let mut errors = Vec::new();
        for _ in 0..ROUNDS {
            let rest: Vec<Resource> = tracked(self.world, &self.prepared.base)
                .into_iter()
                .filter(|one| !made.contains(&one.id.to_ascii_lowercase()))
                .collect();
            errors.clear();
            for one in rest {
                let (status, answer) =
                    self.inside(Method::DELETE, &one.id, "2021-04-01", Value::Null);
                lro::finish(self.world, &one.id);
                if status >= 400 && self.world.contains(&one.id) {
                    errors.push(error_of(&answer));
                }
            }
            if errors.is_empty() {
                break;
            }
        }
        errors
    }

    fn outputs(&self) -> template::Result<Value> {
        let scope = self.scope();
        let mut all = json!({});
        for (name, output) in self.prepared.template["outputs"]
            .as_object()
            .into_iter()
            .flatten()
        {
            if scope.evaluate(&output["condition"])? == false {
                continue;
            }
            let kind = parameters::type_name(&output["type"]).unwrap_or("String");
            let mut shown = json!({ "type": kind });
            if !parameters::is_secure(kind) {
                let value = if output["copy"].is_object() {
                    let mut copy = output["copy"].clone();
                    json::set(&mut copy, "name", name.clone());
                    scope.unroll(&copy)?
                } else {
                    scope.evaluate(&output["value"])?
                };
                json::set(&mut shown, "value", value);
            }
            json::set(&mut all, &show::camel_case(name), shown);
        }
        Ok(all)
    }

    fn succeed(&self, id: &str, outputs: Value) {
        let mut made: Vec<&str> = self
            .prepared
            .plan
            .resources
            .iter()
            .filter(|one| !one.existing)
            .map(|one| one.id.as_str())
            .collect();
        made.sort_unstable_by_key(|id| id.to_ascii_lowercase());
        let made: Vec<Value> = made.into_iter().map(|id| json!({ "id": id })).collect();
        self.world.update(id, |record| {
            show::ended(self.world, record, "Succeeded");
            json::set(super::properties(record), "outputs", outputs);
            json::set(super::properties(record), "outputResources", made);
        });
    }

    /// Files what was done as one of the deployment's operations.
    fn note(&self, deployment: &str, one: &Planned, done: &Done, started: &str) {
        let number = template::hash::murmur64(one.id.to_ascii_lowercase().as_bytes());
        let operation = format!("{number:016X}");
        let mut properties = json!({
            "provisioningOperation": "Create", "provisioningState": if done.error.is_none() { "Succeeded" } else { "Failed" },
            "timestamp": show::now(self.world), "duration": show::since(self.world, started), "trackingId": self.correlation, "serviceRequestId": self.correlation,
            "statusCode": status_word(done.status),
            "targetResource": { "id": one.id, "resourceType": one.kind, "resourceName": one.name },
        });
        if let Some(error) = &done.error {
            json::set(&mut properties, "statusMessage", json!({ "error": error }));
        }
        let shown = json!({ "id": format!("{deployment}/operations/{operation}"), "operationId": operation, "properties": properties });
        self.world.update(deployment, |record| {
            let mut all = record.private["operations"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            all.push(shown);
            json::set(&mut record.private, "operations", all);
        });
    }
}

/// The scope before `/providers/Microsoft.Resources/deployments/…`.
fn base_of(id: &str) -> String {
    let at = id.to_ascii_lowercase().rfind("/providers/");
    id[..at.unwrap_or(id.len())].to_owned()
}

/// The resources that a complete deployment decides about, and that `whatIf` speaks of.
pub(super) fn tracked(world: &World, base: &str) -> Vec<Resource> {
    let all = world.under(base).into_iter();
    all.filter(|one| {
        one.kind.matches('/').count() == 1
            && one.at("/location").is_some()
            && one.kind != KIND
            && one.kind != super::super::interfaces::KIND
    })
    .collect()
}

/// `{code, message, …}` out of any provider's shape.
fn error_of(answer: &Value) -> Value {
    let error = &answer["error"];
    if error.is_object() {
        return error.clone();
    }
    let pick = |small: &str, capital: &str| match &answer[small] {
        Value::Null => answer[capital].clone(),
        value => value.clone(),
    };
    json!({ "code": pick("code", "Code"), "message": pick("message", "Message") })
}

fn status_word(status: u16) -> String {
    let reason = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    reason.unwrap_or("Unknown").replace(' ', "")
}

impl Runtime for Run<'_> {
    fn reference(
        &self,
        target: &str,
        api_version: Option<&str>,
        full: bool,
    ) -> template::Result<Value> {
        let planned = self.prepared.plan.find(target);
        let id = match planned {
            Some(one) => one.id.clone(),
            None if target.starts_with('/') => target.to_owned(),
            None => {
                return Err(TemplateError::new(format!(
                    "The resource '{target}' is not defined in the template. Please see https://aka.ms/arm-functions for usage details."
                )));
            }
        };
        let version = api_version
            .map(str::to_owned)
            .or_else(|| planned.map(|one| one.api_version.clone()));
        let version = version.ok_or_else(|| TemplateError::new(format!("The template function 'reference' needs an API version for '{id}', which is not in the template.")))?;
        let (status, body) = self.inside(Method::GET, &id, &version, Value::Null);
        if status >= 400 {
            let error = error_of(&body);
            return Err(TemplateError::new(format!(
                "{}: {}",
                json::text(&error["code"]),
                json::text(&error["message"])
            )));
        }
        if !full {
            return Ok(body["properties"].clone());
        }
        let mut whole = body;
        json::set(&mut whole, "apiVersion", version);
        Ok(whole)
    }

    fn list(
        &self,
        function: &str,
        target: &str,
        api_version: &str,
        body: Value,
    ) -> template::Result<Value> {
        let id = self
            .prepared
            .plan
            .find(target)
            .map_or_else(|| target.to_owned(), |one| one.id.clone());
        let (status, answer) =
            self.inside(Method::POST, &format!("{id}/{function}"), api_version, body);
        if status >= 400 {
            let error = error_of(&answer);
            return Err(TemplateError::new(format!(
                "{}: {}",
                json::text(&error["code"]),
                json::text(&error["message"])
            )));
        }
        Ok(answer)
    }
}
