//! Entra ID: the discovery documents, client-credential tokens, and their verification.
//!
//! Tokens are JWTs signed with a key of the world, so they stay valid over a restart. The registry's
//! data plane uses [`issue`] and [`verify`] for the tokens of managed identities.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use http::StatusCode;
use ring::hmac;
use serde_json::{Value, json};

use super::directory::{self, SignIn};
use super::{Answer, Caller, Incoming, errors};
use crate::world::{Resource, World};

const LIFETIME_S: i64 = 3599;
const KEY_ID: &str = "/lazuli/token-key";

/// What a valid token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) principal: String,
    pub(crate) client: String,
    pub(crate) audience: String,
}

/// Signs a token for a principal; `lifetime_s` in seconds from now.
pub(crate) fn issue(world: &World, claims: &Claims, lifetime_s: i64) -> String {
    let settings = world.settings();
    let now = world.now().as_second();
    let header = BASE64.encode(json!({ "typ": "JWT", "alg": "HS256" }).to_string());
    let payload = BASE64.encode(
        json!({
            "aud": claims.audience, "iss": format!("https://sts.windows.net/{}/", settings.tenant),
            "iat": now, "nbf": now, "exp": now + lifetime_s,
            "appid": claims.client, "idtyp": "app", "oid": claims.principal, "sub": claims.principal,
            "tid": settings.tenant, "ver": "1.0", "uti": world.uuid(&claims.principal).simple().to_string(),
        })
        .to_string(),
    );
    let signed = format!("{header}.{payload}");
    let signature = BASE64.encode(hmac::sign(&key(world), signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// Checks signature, lifetime and tenant. The error says which of them is wrong.
pub(crate) fn verify(world: &World, token: &str) -> Result<Claims, &'static str> {
    let (signed, signature) = token
        .rsplit_once('.')
        .ok_or("The access token is malformed.")?;
    let signature = BASE64
        .decode(signature)
        .map_err(|_| "The access token is malformed.")?;
    hmac::verify(&key(world), signed.as_bytes(), &signature)
        .map_err(|_| "The access token signature is invalid.")?;
    let payload = signed
        .split_once('.')
        .and_then(|(_, payload)| BASE64.decode(payload).ok());
    let payload: Value = payload
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or("The access token is malformed.")?;
    if payload["exp"]
        .as_i64()
        .is_none_or(|exp| exp <= world.now().as_second())
    {
        return Err(
            "The access token expiry UTC time is in the past. The access token has expired.",
        );
    }
    if payload["tid"].as_str() != Some(&world.settings().tenant) {
        return Err(
            "The access token is from the wrong issuer: its tenant is not the subscription's.",
        );
    }
    let text = |name: &str| payload[name].as_str().unwrap_or_default().to_owned();
    Ok(Claims {
        principal: text("oid"),
        client: text("appid"),
        audience: text("aud"),
    })
}

/// The world's own key, made when it is first needed. Poll addresses are signed with it too.
pub(crate) fn key(world: &World) -> hmac::Key {
    let stored = world
        .get(KEY_ID)
        .and_then(|record| BASE64.decode(record.private.as_str()?).ok());
    let bytes = stored.unwrap_or_else(|| new_key(world));
    hmac::Key::new(hmac::HMAC_SHA256, &bytes)
}

fn new_key(world: &World) -> Vec<u8> {
    let bytes = world.random::<32>(KEY_ID);
    let private = Value::String(BASE64.encode(bytes));
    world.put(Resource {
        id: KEY_ID.into(),
        kind: "Lazuli/keys".into(),
        body: Value::Null,
        private,
    });
    bytes.to_vec()
}

/// The caller of an ARM request, or ARM's 401.
pub(crate) fn caller(world: &World, incoming: &Incoming) -> Result<Caller, Answer> {
    bearer(world, incoming, is_arm_audience)
}

/// The caller of a Graph request, or its 401. The emulator's own address is the audience that its
/// metadata names for both.
#[cfg(feature = "az")]
pub(crate) fn graph_caller(world: &World, incoming: &Incoming) -> Result<Caller, Answer> {
    bearer(world, incoming, |incoming, audience| {
        let graph = [
            "https://graph.microsoft.com",
            "00000003-0000-0000-c000-000000000000",
        ];
        is_arm_audience(incoming, audience) || graph.contains(&audience.trim_end_matches('/'))
    })
}

fn bearer(
    world: &World,
    incoming: &Incoming,
    accepts: fn(&Incoming, &str) -> bool,
) -> Result<Caller, Answer> {
    let header = incoming.header("authorization").unwrap_or_default();
    let token = header
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, token)) = token else {
        let message = "Authentication failed. The 'Authorization' header is missing.";
        return Err(unauthorized(
            world,
            incoming,
            "AuthenticationFailed",
            message,
        ));
    };
    let (code, message) = match verify(world, token.trim()) {
        Ok(claims) if accepts(incoming, &claims.audience) => {
            return Ok(Caller {
                principal: claims.principal,
                client: claims.client,
            });
        }
        Ok(_) => (
            "InvalidAuthenticationTokenAudience",
            "The access token has been obtained for wrong audience or resource.",
        ),
        Err(message) if message.contains("expired") => ("ExpiredAuthenticationToken", message),
        Err(message) if message.contains("tenant") => ("InvalidAuthenticationTokenTenant", message),
        Err(message) => ("InvalidAuthenticationToken", message),
    };
    Err(unauthorized(world, incoming, code, message))
}

fn is_arm_audience(incoming: &Incoming, audience: &str) -> bool {
    let audience = audience.trim_end_matches('/');
    audience == incoming.base
        || [
            "https://management.azure.com",
            "https://management.core.windows.net",
        ]
        .contains(&audience)
        || ["https://127.0.0.1:", "https://localhost:"]
            .iter()
            .any(|own| audience.starts_with(own))
}

fn unauthorized(world: &World, incoming: &Incoming, code: &str, message: &str) -> Answer {
    let challenge = format!(
        "Bearer authorization_uri=\"{}/{}\", error=\"invalid_token\", error_description=\"{message}\"",
        incoming.base,
        world.settings().tenant,
    );
    Answer::error(401, code, message).with("www-authenticate", challenge)
}

/// Answers the endpoints that need no token, `None` for every other path.
pub(crate) fn answer(world: &World, incoming: &Incoming, segments: &[String]) -> Option<Answer> {
    let lower: Vec<String> = segments
        .iter()
        .map(|part| part.to_ascii_lowercase())
        .collect();
    let words: Vec<&str> = lower.iter().map(String::as_str).collect();
    match (incoming.method.as_str(), words.as_slice()) {
        ("GET", ["metadata", "endpoints"]) => Some(metadata(world, incoming)),
        ("GET", ["common", "discovery", "instance"]) => Some(instance(world, incoming)),
        (
            "GET",
            [tenant, ".well-known", "openid-configuration"]
            | [tenant, "v2.0", ".well-known", "openid-configuration"],
        ) => Some(openid(world, incoming, tenant)),
        ("POST", [tenant, "oauth2", "token"] | [tenant, "oauth2", "v2.0", "token"]) => {
            Some(token(world, incoming, tenant))
        }
        (_, [_, "oauth2", ..] | ["metadata", "endpoints"]) => Some(errors::method_not_allowed(
            &incoming.method,
            "Microsoft Entra endpoint",
        )),
        _ => None,
    }
}

/// One object since 2022-09-01, a list since 2019-05-01, and before that an object with other names.
fn metadata(world: &World, incoming: &Incoming) -> Answer {
    let base = &incoming.base;
    let version = incoming.query_value("api-version");
    if version
        .as_ref()
        .is_some_and(|version| version.as_str() < "2019-05-01")
    {
        return Answer::ok(json!({
            "galleryEndpoint": base, "graphEndpoint": base, "portalEndpoint": "https://portal.azure.com", "graphAudience": base,
            "authentication": { "loginEndpoint": base, "audiences": [format!("{base}/")] },
        }));
    }
    let cloud = json!({
        "portal": "https://portal.azure.com",
        "authentication": {
            "loginEndpoint": base, "audiences": [format!("{base}/"), "https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": world.settings().tenant, "identityProvider": "AAD",
        },
        "media": base, "graphAudience": base, "graph": base, "name": "LazuliEmulator", "resourceManager": format!("{base}/"),
        "microsoftGraphResourceId": format!("{base}/"), "activeDirectoryDataLake": base, "batch": base, "sqlManagement": base,
        "vmImageAliasDoc": base, "gallery": base,
        "suffixes": {
            "acrLoginServer": "azurecr.io", "keyVaultDns": "vault.azure.net", "storage": "core.windows.net",
            "sqlServerHostname": "database.windows.net", "azureFrontDoorEndpointSuffix": "azurefd.net",
        },
    });
    let newest = version.is_some_and(|version| version.as_str() >= "2022-09-01");
    Answer::ok(if newest { cloud } else { json!([cloud]) })
}

fn instance(world: &World, incoming: &Incoming) -> Answer {
    let tenant = &world.settings().tenant;
    let host = incoming.base.trim_start_matches("https://");
    Answer::ok(json!({
        "tenant_discovery_endpoint": format!("{}/{tenant}/v2.0/.well-known/openid-configuration", incoming.base),
        "api-version": "1.1",
        "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
    }))
}

fn known_tenant(world: &World, tenant: &str) -> bool {
    tenant.eq_ignore_ascii_case(&world.settings().tenant)
        || ["common", "organizations"].contains(&tenant)
}

fn openid(world: &World, incoming: &Incoming, tenant: &str) -> Answer {
    if !known_tenant(world, tenant) {
        return tenant_not_found(world, tenant);
    }
    let base = format!("{}/{tenant}", incoming.base);
    Answer::ok(json!({
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": format!("{base}/v2.0"),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "tid", "ver"],
        "cloud_instance_name": "microsoftonline.com",
        "tenant_region_scope": null,
    }))
}

fn token(world: &World, incoming: &Incoming, tenant: &str) -> Answer {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&incoming.body)
        .into_owned()
        .collect();
    let field = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .unwrap_or_default()
    };
    if !known_tenant(world, tenant) {
        return tenant_not_found(world, tenant);
    }
    if field("grant_type") != "client_credentials" {
        let message = format!(
            "AADSTS70003: The app requested an unsupported grant type '{}'. This emulator issues tokens for 'client_credentials' with a client secret.",
            field("grant_type"),
        );
        return aadsts(world, 400, "unsupported_grant_type", 70003, &message);
    }
    if field("client_secret").is_empty() {
        let message = "AADSTS7000216: 'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.";
        return aadsts(world, 401, "invalid_client", 7_000_216, message);
    }
    let signed_in = directory::sign_in(world, field("client_id"), field("client_secret"));
    let SignIn::Principal { object, client } = signed_in else {
        return refuse_sign_in(world, field("client_id"), &signed_in);
    };
    let Some(audience) = audience(field("scope"), field("resource")) else {
        let message = format!(
            "AADSTS1002012: The provided value for scope {} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.",
            field("scope")
        );
        return aadsts(world, 400, "invalid_scope", 1_002_012, &message);
    };
    let claims = Claims {
        principal: object,
        client,
        audience,
    };
    Answer::ok(json!({
        "token_type": "Bearer", "expires_in": LIFETIME_S, "ext_expires_in": LIFETIME_S,
        "access_token": issue(world, &claims, LIFETIME_S),
    }))
    .with("cache-control", "no-store")
}

/// `https://x//.default` means the audience `https://x/`.
fn audience(scope: &str, resource: &str) -> Option<String> {
    if scope.is_empty() {
        return (!resource.is_empty()).then(|| resource.to_owned());
    }
    let first = scope
        .split_whitespace()
        .find(|part| part.ends_with("/.default"))?;
    first
        .strip_suffix("/.default")
        .filter(|audience| !audience.is_empty())
        .map(str::to_owned)
}

fn refuse_sign_in(world: &World, client: &str, why: &SignIn) -> Answer {
    let tenant = &world.settings().tenant;
    match why {
        SignIn::WrongSecret => {
            let message = format!(
                "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'."
            );
            aadsts(world, 401, "invalid_client", 7_000_215, &message)
        }
        SignIn::ExpiredSecret => {
            let message = format!(
                "AADSTS7000222: The provided client secret keys for app '{client}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds."
            );
            aadsts(world, 401, "invalid_client", 7_000_222, &message)
        }
        SignIn::NoPrincipal => {
            let message = format!(
                "AADSTS7000229: The client application {client} is missing service principal in the tenant {tenant}. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119"
            );
            aadsts(world, 401, "unauthorized_client", 7_000_229, &message)
        }
        SignIn::UnknownClient | SignIn::Principal { .. } => {
            let message = format!(
                "AADSTS700016: Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant."
            );
            aadsts(world, 400, "unauthorized_client", 700_016, &message)
        }
    }
}

fn tenant_not_found(world: &World, tenant: &str) -> Answer {
    let message = format!(
        "AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."
    );
    aadsts(world, 400, "invalid_request", 90002, &message)
}

fn aadsts(world: &World, status: u16, error: &str, code: u32, message: &str) -> Answer {
    let now = world.now().strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let (trace, correlation) = (world.uuid(error), world.uuid(error));
    let body = json!({
        "error": error,
        "error_description": format!("{message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"),
        "error_codes": [code], "timestamp": now, "trace_id": trace.to_string(), "correlation_id": correlation.to_string(),
        "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
    });
    Answer::json(
        StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
        body,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world;

    fn claims() -> Claims {
        Claims {
            principal: "p".into(),
            client: "c".into(),
            audience: "https://management.azure.com/".into(),
        }
    }

    #[test]
    fn tokens_verify_and_expire_and_cannot_be_changed() {
        let world = world::tests::empty();
        let token = issue(&world, &claims(), 60);
        assert_eq!(verify(&world, &token), Ok(claims()));
        assert!(
            verify(&world, &issue(&world, &claims(), -1))
                .unwrap_err()
                .contains("expired")
        );
        let (signed, signature) = token.rsplit_once('.').expect("three parts");
        let other = if signature.starts_with('A') { "B" } else { "A" };
        assert!(verify(&world, &format!("{signed}.{other}{}", &signature[1..])).is_err());
        assert!(verify(&world, "x.y.z").is_err());
        assert!(
            verify(&world::tests::empty(), &token).is_err(),
            "another world has another key"
        );
    }

    #[test]
    fn audiences() {
        assert_eq!(
            audience("https://x//.default", ""),
            Some("https://x/".into())
        );
        assert_eq!(
            audience("openid https://x/.default", ""),
            Some("https://x".into())
        );
        assert_eq!(audience("", "https://v1/"), Some("https://v1/".into()));
        assert_eq!(audience("https://x/user_impersonation", ""), None);
    }
}
