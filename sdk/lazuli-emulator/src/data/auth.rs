//! Token exchange of a registry: Entra token to refresh token to access token.
//!
//! Follows the published flow: `POST /oauth2/exchange` turns an Entra token into a refresh token,
//! `POST /oauth2/token` (or `GET` with Basic credentials) gives access tokens for scopes. Rights are
//! judged when a refresh token is made and travel inside it, as the real service does.

use axum::body::Body;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use serde_json::{Value, json};

use super::access::{self, Holder};
use super::distribution::{error_response, json_response};
use super::registry::login_server;
use super::route::Scope;
use super::signing::SigningKey;
use crate::arm::entra;
use crate::world::{Resource, World};

/// Refresh tokens live three hours, access tokens 75 minutes, as sampled from the service.
const REFRESH_SECONDS: i64 = 3 * 3600;
const ACCESS_SECONDS: i64 = 75 * 60;
/// The user name that says "the password is a refresh token".
const TOKEN_USER: &str = "00000000-0000-0000-0000-000000000000";
const MAX_FORM_BYTES: usize = 1 << 20;
const VERBS: [&str; 6] = [
    "pull",
    "push",
    "delete",
    "metadata_read",
    "metadata_write",
    "catalog",
];

/// Who a request comes from, once its credentials were checked.
pub(crate) enum Caller {
    Holder(Holder),
    /// An access token: these scopes and no more.
    Token(Vec<Value>),
    Anonymous,
}

impl Caller {
    pub(crate) fn may(&self, world: &World, registry: &Resource, scope: &Scope) -> bool {
        let open =
            registry.body["properties"]["anonymousPullEnabled"] == true && scope.action == "pull";
        open || match self {
            Self::Anonymous => false,
            Self::Holder(holder) => holder.may(world, registry, &scope.name, scope.verb()),
            Self::Token(access) => access.iter().any(|entry| grants(entry, scope)),
        }
    }

    pub(crate) fn is_known(&self) -> bool {
        !matches!(self, Self::Anonymous)
    }
}

fn grants(entry: &Value, scope: &Scope) -> bool {
    let actions = entry["actions"].as_array().into_iter().flatten();
    entry["type"] == scope.kind
        && entry["name"] == scope.name
        && actions
            .filter_map(Value::as_str)
            .any(|action| action == scope.action || action == "*")
}

/// Reads the `Authorization` header; what does not hold makes an anonymous caller.
pub(crate) fn caller(world: &World, registry: &Resource, headers: &HeaderMap) -> Caller {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    match value.and_then(|value| value.split_once(' ')) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            let claims = own_claims(world, registry, token.trim(), "access_token");
            claims
                .and_then(|claims| claims["access"].as_array().cloned())
                .map_or(Caller::Anonymous, Caller::Token)
        }
        Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => basic(pair)
            .and_then(|(user, password)| sign_in(world, registry, &user, &password))
            .map_or(Caller::Anonymous, Caller::Holder),
        _ => Caller::Anonymous,
    }
}

fn basic(pair: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64_STANDARD.decode(pair.trim()).ok()?).ok()?;
    text.split_once(':')
        .map(|(user, password)| (user.to_owned(), password.to_owned()))
}

fn sign_in(world: &World, registry: &Resource, user: &str, password: &str) -> Option<Holder> {
    if user == TOKEN_USER {
        let claims = own_claims(world, registry, password, "refresh_token")?;
        return Some(Holder::Principal(claims["sub"].as_str()?.to_owned()));
    }
    access::authenticate(world, registry, user, password).ok()
}

/// Whom a token stands for that was given without a user name: a refresh token of the registry, or a token of
/// Entra ID.
pub(crate) fn holder_of_token(world: &World, registry: &Resource, token: &str) -> Option<Holder> {
    let own = own_claims(world, registry, token, "refresh_token");
    let principal = match own.as_ref().and_then(|claims| claims["sub"].as_str()) {
        Some(subject) => subject.to_owned(),
        None => entra::verify(world, token).ok()?.principal,
    };
    Some(Holder::Principal(principal))
}

/// Claims of a token that this registry issued for this purpose. A switch of the role assignment mode
/// makes every earlier token worthless.
fn own_claims(world: &World, registry: &Resource, token: &str, purpose: &str) -> Option<Value> {
    let key = SigningKey::of(world).ok()?;
    let claims = key.claims(token, world.now().as_second())?;
    let ours = claims["aud"] == login_server(registry)
        && claims["grant_type"] == purpose
        && claims["abac"] == access::is_abac(registry);
    ours.then_some(claims)
}

fn issue(
    world: &World,
    registry: &Resource,
    purpose: &str,
    seconds: i64,
    more: Value,
) -> std::io::Result<String> {
    let now = world.now().as_second();
    let mut claims = json!({
        "jti": world.uuid(&registry.id).to_string(), "iss": "Azure Container Registry", "aud": login_server(registry),
        "iat": now, "nbf": now, "exp": now + seconds, "version": "1.0", "grant_type": purpose,
        "tenant": world.settings().tenant, "abac": access::is_abac(registry),
    });
    if let (Value::Object(claims), Value::Object(more)) = (&mut claims, more) {
        claims.extend(more);
    }
    Ok(SigningKey::of(world)?.token(&claims))
}

/// Answers `/oauth2/exchange` and `/oauth2/token`.
pub(crate) async fn handle(
    world: &World,
    registry: &Resource,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_FORM_BYTES).collect().await else {
        return refused("the form is too large or was cut off");
    };
    let form = if parts.method == Method::POST {
        body.to_bytes().to_vec()
    } else {
        parts.uri.query().unwrap_or_default().into()
    };
    let form = Form(url::form_urlencoded::parse(&form).into_owned().collect());
    let answer = match (parts.method.as_str(), parts.uri.path()) {
        ("POST", "/oauth2/exchange") => exchange(world, registry, &form),
        ("POST", "/oauth2/token") => match form.one("grant_type") {
            "password" => password_grant(world, registry, &form),
            _ => refresh_grant(world, registry, &form),
        },
        ("GET", "/oauth2/token") => basic_grant(world, registry, &parts.headers, &form),
        _ => {
            return error_response(
                StatusCode::NOT_FOUND,
                "NOT_FOUND",
                "no such token endpoint",
                Value::Null,
            );
        }
    };
    match answer {
        Ok(body) => json_response(StatusCode::OK, &body),
        Err(reason) => refused(&reason),
    }
}

fn refused(reason: &str) -> Response<Body> {
    error_response(
        StatusCode::UNAUTHORIZED,
        "UNAUTHORIZED",
        &format!(
            "authentication required, visit https://aka.ms/acr/authorization for more information. {reason}"
        ),
        Value::Null,
    )
}

struct Form(Vec<(String, String)>);

impl Form {
    fn one(&self, key: &str) -> &str {
        self.0
            .iter()
            .find(|(k, _)| k == key)
            .map_or("", |(_, value)| value)
    }

    /// Scopes may come in one field, separated by blanks, or in several fields.
    fn scopes(&self) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(k, _)| k == "scope")
            .flat_map(|(_, value)| value.split_whitespace())
            .collect()
    }
}

fn exchange(world: &World, registry: &Resource, form: &Form) -> Result<Value, String> {
    let service = form.one("service");
    if !service.is_empty() && !service.eq_ignore_ascii_case(&login_server(registry)) {
        return Err(format!("service {service} is not this registry"));
    }
    let claims = entra::verify(world, form.one("access_token")).map_err(str::to_owned)?;
    let policy =
        &registry.body["properties"]["policies"]["azureADAuthenticationAsArmPolicy"]["status"];
    let is_arm = !claims.audience.contains("containerregistry.azure.net");
    if is_arm
        && policy
            .as_str()
            .is_some_and(|status| status.eq_ignore_ascii_case("disabled"))
    {
        return Err("tokens for Azure Resource Manager are not accepted: azureADAuthenticationAsArmPolicy is disabled".into());
    }
    refresh_token(world, registry, &claims.principal)
}

fn refresh_token(world: &World, registry: &Resource, principal: &str) -> Result<Value, String> {
    let actions: Vec<&str> = VERBS
        .into_iter()
        .filter(|verb| access::may(world, registry, principal, "", verb))
        .collect();
    if actions.is_empty() {
        return Err(format!(
            "principal {principal} has no role on this registry"
        ));
    }
    let more =
        json!({ "sub": principal, "permissions": { "actions": actions, "notActions": null } });
    let token = issue(world, registry, "refresh_token", REFRESH_SECONDS, more)
        .map_err(|e| e.to_string())?;
    Ok(json!({ "refresh_token": token }))
}

fn refresh_grant(world: &World, registry: &Resource, form: &Form) -> Result<Value, String> {
    let claims = own_claims(world, registry, form.one("refresh_token"), "refresh_token")
        .ok_or("the refresh token is malformed, expired or of another registry")?;
    let baked: Vec<&str> = claims["permissions"]["actions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    access_token(world, registry, form, &|_, verb| baked.contains(&verb))
}

fn password_grant(world: &World, registry: &Resource, form: &Form) -> Result<Value, String> {
    let holder = sign_in(world, registry, form.one("username"), form.one("password"))
        .ok_or("the user name or password is wrong, or the admin user is not enabled")?;
    let mut answer = access_token(world, registry, form, &|repository, verb| {
        holder.may(world, registry, repository, verb)
    })?;
    if let Holder::Principal(principal) = &holder {
        answer["refresh_token"] =
            refresh_token(world, registry, principal)?["refresh_token"].clone();
    }
    Ok(answer)
}

fn basic_grant(
    world: &World,
    registry: &Resource,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Value, String> {
    match caller(world, registry, headers) {
        Caller::Holder(holder) => access_token(world, registry, form, &|repository, verb| {
            holder.may(world, registry, repository, verb)
        }),
        _ if headers.contains_key(header::AUTHORIZATION) => {
            Err("the user name or password is wrong, or the admin user is not enabled".into())
        }
        _ if registry.body["properties"]["anonymousPullEnabled"] == true => {
            access_token(world, registry, form, &|_, verb| verb == "pull")
        }
        _ => Err("this registry allows no anonymous pull".into()),
    }
}

/// An access token for the part of the wanted scopes that is allowed. One without any scope still lets
/// its holder ask `/v2/`.
fn access_token(
    world: &World,
    registry: &Resource,
    form: &Form,
    may: &dyn Fn(&str, &str) -> bool,
) -> Result<Value, String> {
    let access: Vec<Value> = form
        .scopes()
        .into_iter()
        .filter_map(|scope| granted(scope, may))
        .collect();
    let token = issue(
        world,
        registry,
        "access_token",
        ACCESS_SECONDS,
        json!({ "access": access }),
    )
    .map_err(|e| e.to_string())?;
    Ok(json!({ "access_token": token, "token": token, "expires_in": ACCESS_SECONDS }))
}

/// `repository:name:pull,push` or `registry:catalog:*`, reduced to what `may` allows.
fn granted(scope: &str, may: &dyn Fn(&str, &str) -> bool) -> Option<Value> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let actions: Vec<&str> = match kind {
        "registry" => ["*"].into_iter().filter(|_| may("", "catalog")).collect(),
        _ => {
            let wanted = actions.split(',').flat_map(|action| {
                if action == "*" {
                    VERBS[..5].to_vec()
                } else {
                    vec![action]
                }
            });
            wanted.filter(|action| may(name, action)).collect()
        }
    };
    (!actions.is_empty()).then(|| json!({ "type": kind, "name": name, "actions": actions }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_reduced_to_what_is_allowed() {
        let puller = |_: &str, verb: &str| verb == "pull";
        let cases = [
            (
                "repository:a/b:pull,push",
                Some(json!({ "type": "repository", "name": "a/b", "actions": ["pull"] })),
            ),
            ("repository:a:push", None),
            (
                "repository:a:*",
                Some(json!({ "type": "repository", "name": "a", "actions": ["pull"] })),
            ),
            ("registry:catalog:*", None),
            ("nonsense", None),
        ];
        for (scope, expect) in cases {
            assert_eq!(granted(scope, &puller), expect, "{scope}");
        }
    }
}
