//! The HTTP face of a vault: secrets and the bin of secrets, api-version 7.x.
//!
//! Called by the server and the proxy for hosts below `vault.azure.net`. A call without a token gets the
//! challenge from which clients learn whom to ask for one.

use axum::body::Body as HttpBody;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use serde_json::{Value, json};

use super::access::{self, Operation, Origin, Principal};
use super::secrets::{self, Given, MAX_VALUE_BYTES};
use crate::arm::{Answer, entra, ids, json};
use crate::views::vault_view;
use crate::world::{Resource, World};

const SUFFIX: &str = ".vault.azure.net";
const MAX_BODY_BYTES: usize = 1 << 20;
const PAGE: usize = 25;

/// Whether a host name is one of a vault, there or not.
pub(crate) fn is_vault_host(host: &str) -> bool {
    host.ends_with(SUFFIX)
}

/// The vault behind a host name.
pub(crate) fn by_host(world: &World, host: &str) -> Option<Resource> {
    vault_view::by_name(world, host.strip_suffix(SUFFIX)?)
}

/// Answers a request to `host`, which comes from the emulator's public client address.
pub(crate) async fn handle(
    world: &World,
    host: &str,
    request: Request<HttpBody>,
) -> Response<HttpBody> {
    let (parts, body) = request.into_parts();
    let answer = match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Err(error) => refusal(
            400,
            "BadParameter",
            format!("The request body could not be read: {error}."),
            None,
        ),
        Ok(body) => {
            let bearer = parts
                .headers
                .get(header::AUTHORIZATION)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            let call = Call {
                world,
                host,
                method: &parts.method,
                path: parts.uri.path(),
                query: parts.uri.query().unwrap_or_default(),
                bearer,
                body: &body.to_bytes(),
            };
            call.answer().unwrap_or_else(|refusal| refusal)
        }
    };
    crate::wire::response::http_response(answer.with("x-ms-keyvault-service-version", "1.9.0"))
}

struct Call<'a> {
    world: &'a World,
    host: &'a str,
    method: &'a Method,
    path: &'a str,
    query: &'a str,
    bearer: &'a str,
    body: &'a [u8],
}

fn refusal(status: u16, code: &str, message: impl AsRef<str>, inner: Option<&str>) -> Answer {
    let mut error = json!({ "code": code, "message": message.as_ref() });
    if let Some(inner) = inner {
        json::set(&mut error, "innererror", json!({ "code": inner }));
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Answer::json(status, json!({ "error": error }))
}

fn not_found(name: &str) -> Answer {
    let message = format!(
        "A secret with (name/id) {name} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182"
    );
    refusal(404, "SecretNotFound", message, None)
}

fn deleted_not_found(name: &str) -> Answer {
    refusal(
        404,
        "SecretNotFound",
        format!("Deleted Secret not found: {name}"),
        None,
    )
}

impl Call<'_> {
    fn answer(&self) -> Result<Answer, Answer> {
        let vault = by_host(self.world, self.host).ok_or_else(|| {
            refusal(404, "VaultNotFound", format!("There is no key vault behind {}. In the real Azure the name would not resolve.", self.host), None)
        })?;
        let who = self.caller()?;
        if self.query_value("api-version").is_none() {
            return Err(refusal(
                400,
                "BadParameter",
                "api-version must be specified",
                None,
            ));
        }
        let segments = ids::segments(self.path).unwrap_or_default();
        let lower: Vec<String> = segments
            .iter()
            .map(|part| part.to_ascii_lowercase())
            .collect();
        let words: Vec<&str> = lower.iter().map(String::as_str).collect();
        self.route(&vault, &who, &segments, &words)
    }

    fn caller(&self) -> Result<Principal, Answer> {
        let token = self
            .bearer
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim());
        let Some(token) = token else {
            return Err(self.challenge("AKV10000: Request is missing a Bearer or PoP token."));
        };
        match entra::verify(self.world, token) {
            Ok(claims) if claims.audience.trim_end_matches('/') == "https://vault.azure.net" => {
                Ok(Principal {
                    object: claims.principal,
                    application: claims.client,
                })
            }
            Ok(claims) => Err(self.challenge(&format!(
                "AKV10022: Invalid audience. Expected https://vault.azure.net, found: {}.",
                claims.audience
            ))),
            Err(why) => Err(self.challenge(&format!("AKV10001: {why}"))),
        }
    }

    fn challenge(&self, message: &str) -> Answer {
        let settings = self.world.settings();
        let challenge = format!(
            "Bearer authorization=\"{}/{}\", resource=\"https://vault.azure.net\"",
            settings.base(),
            settings.tenant
        );
        refusal(401, "Unauthorized", message, None).with("www-authenticate", challenge)
    }

    fn query_value(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.into_owned())
            .filter(|value| !value.is_empty())
    }

    fn route(
        &self,
        vault: &Resource,
        who: &Principal,
        names: &[String],
        words: &[&str],
    ) -> Result<Answer, Answer> {
        let may = |what: Operation, secret: Option<&str>| {
            let origin = Origin::Public(self.world.settings().client_ip);
            access::decide(self.world, vault, who, origin, what, secret)
                .map_err(|denied| refusal(403, "Forbidden", denied.message, Some(denied.inner)))
        };
        let name = names.get(1).map(String::as_str).unwrap_or_default();
        if names.len() > 1 && words[0].ends_with("secrets") {
            secrets::check_name(name)
                .map_err(|message| refusal(400, "BadParameter", message, None))?;
        }
        match (self.method.as_str(), words) {
            ("GET", ["secrets"]) => {
                may(Operation::List, None)?;
                self.list(vault)
            }
            ("GET", ["secrets", _, "versions"]) => {
                may(Operation::List, Some(name))?;
                self.versions(vault, name)
            }
            ("GET", ["secrets", _]) => {
                may(Operation::Get, Some(name))?;
                get(vault, name, None)
            }
            ("GET", ["secrets", _, version]) => {
                may(Operation::Get, Some(name))?;
                get(vault, name, Some(version))
            }
            ("PUT", ["secrets", _]) => {
                may(Operation::Set, Some(name))?;
                self.set(vault, name)
            }
            ("PATCH", ["secrets", _, version]) => {
                may(Operation::Update, Some(name))?;
                self.change(vault, name, version)
            }
            ("PATCH", ["secrets", _]) => {
                may(Operation::Update, Some(name))?;
                let newest = secrets::newest(vault, name).ok_or_else(|| not_found(name))?;
                self.change(vault, name, json::text(&newest["version"]))
            }
            ("DELETE", ["secrets", _]) => {
                may(Operation::Delete, Some(name))?;
                self.delete(vault, name)
            }
            ("GET", ["deletedsecrets"]) => {
                may(Operation::ListDeleted, None)?;
                self.list_deleted(vault)
            }
            ("GET", ["deletedsecrets", _]) => {
                may(Operation::Get, Some(name))?;
                let found = secrets::deleted_item(vault, name, true);
                found.map(Answer::ok).ok_or_else(|| deleted_not_found(name))
            }
            ("DELETE", ["deletedsecrets", _]) => {
                may(Operation::Purge, Some(name))?;
                self.purge(vault, name)
            }
            ("POST", ["deletedsecrets", _, "recover"]) => {
                may(Operation::Recover, Some(name))?;
                self.recover(vault, name)
            }
            _ => Err(self.not_modelled(words)),
        }
    }

    /// Keys, certificates, backups and whatever else a vault can do.
    fn not_modelled(&self, words: &[&str]) -> Answer {
        let what = words.first().copied().unwrap_or_default();
        let message = format!(
            "{} {} of Key Vault is not modelled by this emulator: it keeps secrets (set, get, list, versions, update, delete, recover, purge), no {what} beyond that.",
            self.method, self.path
        );
        refusal(501, "NotModelledByEmulator", message, None)
    }

    fn body(&self) -> Result<Value, Answer> {
        serde_json::from_slice(self.body)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| {
                refusal(
                    400,
                    "BadParameter",
                    "The request body must be a JSON object.",
                    None,
                )
            })
    }

    fn set(&self, vault: &Resource, name: &str) -> Result<Answer, Answer> {
        let body = self.body()?;
        let Some(value) = body["value"].as_str() else {
            return Err(refusal(
                400,
                "BadParameter",
                "The property 'value' of the secret must be a string.",
                None,
            ));
        };
        if value.len() > MAX_VALUE_BYTES {
            return Err(refusal(
                400,
                "BadParameter",
                format!("Property 'value' exceeds size limit {MAX_VALUE_BYTES} bytes."),
                None,
            ));
        }
        let given = given(&body, Some(value));
        let written = self.world.update(&vault.id, |stored| {
            secrets::write(self.world, stored, name, &given)
        });
        match written {
            Some(Ok(())) => get(&self.again(vault)?, name, None),
            Some(Err(message)) => Err(refusal(
                409,
                "Conflict",
                message,
                Some("ObjectIsDeletedButRecoverable"),
            )),
            None => Err(not_found(name)),
        }
    }

    fn change(&self, vault: &Resource, name: &str, version: &str) -> Result<Answer, Answer> {
        let body = self.body()?;
        let given = given(&body, None);
        let changed = self.world.update(&vault.id, |stored| {
            secrets::change(self.world.now(), stored, name, version, &given)
        });
        if changed != Some(true) {
            return Err(not_found(name));
        }
        let vault = self.again(vault)?;
        let found = secrets::version(&vault, name, version).ok_or_else(|| not_found(name))?;
        Ok(Answer::ok(secrets::item(&vault, name, &found, true)))
    }

    fn again(&self, vault: &Resource) -> Result<Resource, Answer> {
        self.world
            .get(&vault.id)
            .ok_or_else(|| not_found(vault.name()))
    }

    fn delete(&self, vault: &Resource, name: &str) -> Result<Answer, Answer> {
        let done = self.world.update(&vault.id, |stored| {
            secrets::delete(self.world.now(), stored, name)
        });
        if done != Some(true) {
            return Err(not_found(name));
        }
        let shown = secrets::deleted_item(&self.again(vault)?, name, true);
        shown.map(Answer::ok).ok_or_else(|| not_found(name))
    }

    fn recover(&self, vault: &Resource, name: &str) -> Result<Answer, Answer> {
        let done = self
            .world
            .update(&vault.id, |stored| secrets::recover(stored, name));
        if done != Some(true) {
            return Err(deleted_not_found(name));
        }
        let vault = self.again(vault)?;
        let newest = secrets::newest(&vault, name).ok_or_else(|| not_found(name))?;
        Ok(Answer::ok(secrets::item(&vault, name, &newest, true)))
    }

    fn purge(&self, vault: &Resource, name: &str) -> Result<Answer, Answer> {
        if vault.body["properties"]["enablePurgeProtection"] == true {
            return Err(refusal(
                403,
                "Forbidden",
                "Operation \"purge\" is not allowed because purge protection is enabled for this vault. Key Vault service will automatically purge it after the retention period has passed.",
                Some("PurgeProtectionEnabled"),
            ));
        }
        match self
            .world
            .update(&vault.id, |stored| secrets::purge(stored, name))
        {
            Some(true) => Ok(Answer::empty(StatusCode::NO_CONTENT)),
            _ => Err(deleted_not_found(name)),
        }
    }

    fn list(&self, vault: &Resource) -> Result<Answer, Answer> {
        let all = secrets::names(vault);
        let shown = all.iter().filter_map(|name| {
            let newest = secrets::newest(vault, name)?;
            Some(secrets::item(vault, name, &newest, false))
        });
        self.page(shown.collect())
    }

    fn versions(&self, vault: &Resource, name: &str) -> Result<Answer, Answer> {
        let all = secrets::versions(vault, name);
        self.page(
            all.iter()
                .map(|one| secrets::item(vault, name, one, true))
                .collect(),
        )
    }

    fn list_deleted(&self, vault: &Resource) -> Result<Answer, Answer> {
        let all = secrets::deleted_names(vault);
        self.page(
            all.iter()
                .filter_map(|name| secrets::deleted_item(vault, name, false))
                .collect(),
        )
    }

    fn page(&self, all: Vec<Value>) -> Result<Answer, Answer> {
        let size = self
            .query_value("maxresults")
            .map_or(Some(PAGE), |text| text.parse().ok());
        let Some(size) = size.filter(|size| (1..=PAGE).contains(size)) else {
            return Err(refusal(
                400,
                "BadParameter",
                format!("maxresults must be between 1 and {PAGE}."),
                None,
            ));
        };
        let start: usize = self
            .query_value("$skiptoken")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        let version = self.query_value("api-version").unwrap_or_default();
        let next = (start + size < all.len()).then(|| {
            format!(
                "https://{}{}?api-version={version}&$skiptoken={}&maxresults={size}",
                self.host,
                self.path,
                start + size
            )
        });
        let shown: Vec<Value> = all.into_iter().skip(start).take(size).collect();
        Ok(Answer::ok(json!({ "value": shown, "nextLink": next })))
    }
}

fn given<'a>(body: &'a Value, value: Option<&'a str>) -> Given<'a> {
    Given {
        value,
        content_type: &body["contentType"],
        attributes: &body["attributes"],
        tags: &body["tags"],
    }
}

fn get(vault: &Resource, name: &str, version: Option<&str>) -> Result<Answer, Answer> {
    let found = match version {
        Some(version) => secrets::version(vault, name, version),
        None => secrets::newest(vault, name),
    };
    let found = found.ok_or_else(|| not_found(name))?;
    if found["attributes"]["enabled"] == false {
        return Err(refusal(
            403,
            "Forbidden",
            "Operation get is not allowed on a disabled secret.",
            Some("SecretDisabled"),
        ));
    }
    Ok(Answer::ok(secrets::bundle(vault, name, &found)))
}
