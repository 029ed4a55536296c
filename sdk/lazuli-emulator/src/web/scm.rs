//! The scm host of an app, `{site}.scm.azurewebsites.net`: where `az webapp log` reads the container log.
//!
//! Only the log is there; deployments need a build service that the emulator has not. Callers show the
//! app's publishing user, unless its basic authentication is off, or a token of the control plane.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::json;

use super::container::container_log;
use super::gate::{self, Origin, SiteHost};
use super::pages;
use super::site::Site;
use super::zip;
use crate::arm::{entra, rbac};
use crate::world::World;

/// What a token's owner must be allowed to do.
const PUBLISH: &str = "Microsoft.Web/sites/publish/action";
/// The one worker's name in log files.
const MACHINE: &str = "ln0emu000001";

/// Answers a request to an app's scm host.
pub(crate) fn respond(world: &World, site: &Site, request: &Request<Body>) -> Response<Body> {
    let caller = Origin::Public(world.settings().client_ip);
    if gate::admits(world, site, SiteHost::Scm, caller).is_err() {
        return pages::forbidden();
    }
    if !is_known(world, site, request) {
        let mut response = pages::status(StatusCode::UNAUTHORIZED);
        let realm = HeaderValue::from_static("Basic realm=\"site\"");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, realm);
        return response;
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return pages::status(StatusCode::METHOD_NOT_ALLOWED);
    }
    let path = request.uri().path().trim_end_matches('/').to_lowercase();
    let path = path.strip_prefix("/api").unwrap_or(&path);
    match path {
        "/logs/docker" => listing(world, site),
        "/logs/docker/zip" | "/dump" => archive(world, site),
        "" | "/logstream" | "/logs/stream" => text(log_of(world, site)),
        path if path.starts_with("/logstream/") => text(log_of(world, site)),
        path if path == format!("/vfs/logfiles/{}", file_name(world).to_lowercase()) => {
            text(log_of(world, site))
        }
        _ => not_here(),
    }
}

fn is_known(world: &World, site: &Site, request: &Request<Body>) -> bool {
    let given = request.headers().get(header::AUTHORIZATION);
    let given = given
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if let Some(token) = given.strip_prefix("Bearer ") {
        return entra::verify(world, token.trim())
            .is_ok_and(|claims| rbac::allowed(world, &claims.principal, PUBLISH, site.id()));
    }
    let basic_is_off = site.private()["publishingPolicies"]["scm"] == false;
    let pair = given
        .strip_prefix("Basic ")
        .and_then(|pair| STANDARD.decode(pair.trim()).ok())
        .and_then(|pair| String::from_utf8(pair).ok());
    let Some((user, password)) = pair.as_deref().and_then(|pair| pair.split_once(':')) else {
        return false;
    };
    let expected = site.private()["publishingPassword"].as_str();
    !basic_is_off
        && user.eq_ignore_ascii_case(&site.publishing_user())
        && expected.is_some_and(|expected| expected == password)
}

fn file_name(world: &World) -> String {
    let day = world.now().strftime("%Y_%m_%d").to_string();
    format!("{day}_{MACHINE}_docker.log")
}

fn log_of(world: &World, site: &Site) -> Vec<u8> {
    let mut log = container_log(world, site.id()).join("\n");
    log.push('\n');
    log.into_bytes()
}

fn listing(world: &World, site: &Site) -> Response<Body> {
    let (name, host) = (file_name(world), site.scm_host());
    let rows = json!([{
        "machineName": MACHINE, "lastUpdated": world.now().to_string(), "size": log_of(world, site).len(),
        "href": format!("https://{host}/api/vfs/LogFiles/{name}"), "path": format!("/home/LogFiles/{name}"),
    }]);
    let mut response = Response::new(Body::from(rows.to_string()));
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn archive(world: &World, site: &Site) -> Response<Body> {
    let file = (
        format!("LogFiles/{}", file_name(world)),
        log_of(world, site),
    );
    let mut response = Response::new(Body::from(zip::archive(&[file])));
    let kind = HeaderValue::from_static("application/zip");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// The stream ends after what there is: nothing more is written without a request.
fn text(log: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(log));
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn not_here() -> Response<Body> {
    let text = "The emulator's scm host has the container log only: /logstream, /api/logs/docker, /api/logs/docker/zip and /api/dump.\n";
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::NOT_IMPLEMENTED;
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::super::fixture::*;
    use super::*;

    async fn get(world: &World, path: &str, user: &str) -> (u16, Vec<u8>) {
        let site = Site::get(world, &site_id()).expect("the site");
        let basic = STANDARD.encode(user);
        let request = Request::builder()
            .uri(path)
            .header("authorization", format!("Basic {basic}"))
            .body(Body::empty())
            .expect("a request");
        let response = respond(world, &site, &request);
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body");
        (status, body.to_bytes().to_vec())
    }

    #[tokio::test]
    async fn the_log_is_for_the_publishing_user() {
        let world = article();
        change(&world, &site_id(), |site| {
            site.private["publishingPassword"] = "pw".into();
        });
        let user = "$secureacrweb2021:pw";
        for (path, user, expect) in [
            ("/logstream", "", 401),
            ("/logstream", "$secureacrweb2021:no", 401),
            ("/logstream", user, 200),
            ("/api/logs/docker", user, 200),
            ("/api/zipdeploy", user, 501),
        ] {
            assert_eq!(get(&world, path, user).await.0, expect, "{path} {user}");
        }
        let (_, log) = get(&world, "/api/logstream", user).await;
        assert!(String::from_utf8_lossy(&log).contains("Attempting to pull image"));
        let (_, packed) = get(&world, "/dump", user).await;
        assert!(packed.starts_with(b"PK"));
        change(&world, &site_id(), |site| {
            site.private["publishingPolicies"] = json!({ "scm": false });
        });
        assert_eq!(get(&world, "/logstream", user).await.0, 401);
    }
}
