//! Pushes: an OCI layout goes from this machine into a registry (OCI distribution
//! specification, and the token exchange of Azure's registries).

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lazuli_arm::{ArmClient, Url};
use lazuli_core::scrub::Secrets;
use lazuli_core::value::Reveal;
use lazuli_core::{Declared, Observed, Progress, ProviderError, Recorded, Value};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header};
use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};

use super::connection::Connection;
use super::lifecycle::Lifecycle;
use super::signed_url::SignedUrls;
use super::{body, error};
use crate::generated::types;
use crate::image::layout::{Layout, Part};

/// What tokens of Entra ID for registries of Azure are asked for (registry documentation).
const SCOPE: &str = "https://containerregistry.azure.net/.default";

/// How often a request is sent, and the delay before the second time; it doubles.
const ATTEMPTS: u32 = 3;
const FIRST_DELAY: Duration = Duration::from_millis(500);
/// The longest wait between two attempts, whatever the registry asks for.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// How much of a refusal is shown, in characters.
const SHOWN: usize = 300;

/// What a manifest may be (OCI image, docker's own).
const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A push as declared.
struct Push<'a> {
    http: Client,
    host: &'a str,
    repository: &'a str,
    tag: &'a str,
    authorization: Option<String>,
    /// The tokens of this push, which the registry's words must not repeat.
    tokens: Mutex<Secrets>,
}

/// The lifecycle of pushes.
pub(crate) struct Pushed;

#[async_trait]
impl Lifecycle for Pushed {
    async fn create(
        &self,
        on: &Connection,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        let arm = on.client(desired.timeout);
        create((&arm, &on.blobs, &on.folder), desired, progress).await
    }

    async fn read(
        &self,
        _: &Connection,
        existing: &Recorded,
    ) -> Result<Option<Observed>, ProviderError> {
        Ok(Some(read(existing)))
    }

    async fn update(
        &self,
        on: &Connection,
        _: &Recorded,
        desired: &Declared,
        progress: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        self.create(on, desired, progress).await
    }

    /// What is pushed stays: others may run it.
    async fn delete(
        &self,
        _: &Connection,
        _: &Recorded,
        _: &dyn Progress,
    ) -> Result<(), ProviderError> {
        Ok(())
    }
}

/// Pushes what the registry lacks, the image itself last.
async fn create(
    (arm, http, folder): (&ArmClient, &SignedUrls, &Path),
    desired: &Declared,
    progress: &dyn Progress,
) -> Result<Observed, ProviderError> {
    let text = |key: &str| desired.inputs.at(key).and_then(Value::as_str);
    let (Some(host), Some(image), Some(layout)) = (text("host"), text("image"), text("layout"))
    else {
        return Err(error::refused("the push names no host, image or layout"));
    };
    let (repository, tag) = image.rsplit_once(':').unwrap_or((image, "latest"));
    let layout = Layout::read(folder, layout, tag).map_err(|e| error::refused(e.to_string()))?;
    if text("digest").is_some_and(|shown| shown != layout.digest()) {
        let message = format!("the image layout of `{image}` changed after the preview");
        return Err(error::refused(message)
            .code("ContextChanged")
            .help("run again, so that what is pushed is what was shown"));
    }
    let mut push = Push {
        http: http.client()?,
        host,
        repository,
        tag,
        authorization: None,
        tokens: Mutex::default(),
    };
    push.sign_in(arm, &desired.inputs).await?;
    let parts = layout.parts();
    for (at, part) in parts.iter().enumerate() {
        progress.status(&format!("{} of {} parts", at + 1, parts.len()));
        push.part(part, at + 1 == parts.len()).await?;
    }
    Ok(created(desired.id.as_deref(), host, image, layout.digest()))
}

fn created(id: Option<&str>, host: &str, image: &str, digest: &str) -> Observed {
    let outputs = json!({"digest": digest, "image": image, "reference": format!("{host}/{image}")});
    Observed {
        id: id.unwrap_or_default().to_owned(),
        outputs: Value::from(outputs),
    }
}

/// What was pushed is believed to be there: the registry may be closed by now.
fn read(existing: &Recorded) -> Observed {
    Observed {
        id: existing.id.clone(),
        outputs: existing.outputs.clone(),
    }
}

impl Push<'_> {
    /// With what the registry asks for: nothing, a password, or a token that it
    /// gives for either a password or a token of Entra ID.
    async fn sign_in(&mut self, arm: &ArmClient, inputs: &Value) -> Result<(), ProviderError> {
        let request = self.http.get(self.url("/v2/"));
        let answer = self.send(request, "cannot be reached").await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(());
        }
        let secret = |key: &str| {
            let value = inputs.at(key).map(|value| value.to_json(Reveal::Yes));
            value.and_then(|value| value.as_str().map(str::to_owned))
        };
        let login = secret("username").zip(secret("password"));
        let entra = inputs.at("entra").and_then(Value::as_bool) == Some(true);
        self.authorization = match login {
            Some((user, password)) if !entra => Some(basic(&user, &password)),
            Some((user, password)) => Some(self.token(Some(basic(&user, &password)), None).await?),
            None if entra => {
                let refresh = self.exchange(arm).await?;
                Some(self.token(None, Some(refresh)).await?)
            }
            None => {
                return Err(
                    error::refused(format!("the registry {} wants a login", self.host))
                        .help("add `.login(name, password)` to the push"),
                );
            }
        };
        Ok(())
    }

    /// A token of Entra ID for one of the registry.
    async fn exchange(&self, arm: &ArmClient) -> Result<String, ProviderError> {
        let token = arm.credential().token(SCOPE).await;
        let token = token.map_err(|cause| error::of(types::IMAGE_PUSH, &cause))?;
        let form = [
            ("grant_type", "access_token"),
            ("service", self.host),
            ("access_token", token.expose_secret()),
        ];
        let request = self.http.post(self.url("/oauth2/exchange")).form(&form);
        self.member(request, "refresh_token").await
    }

    /// A token that may push to the repository.
    async fn token(
        &self,
        basic: Option<String>,
        refresh: Option<String>,
    ) -> Result<String, ProviderError> {
        let scope = format!("repository:{}:pull,push", self.repository);
        let url = self.url("/oauth2/token");
        let request = match (basic, refresh) {
            (Some(basic), _) => {
                let query = [("service", self.host), ("scope", &scope)];
                let request = self.http.get(url).query(&query);
                request.header(header::AUTHORIZATION, basic)
            }
            (None, refresh) => self.http.post(url).form(&[
                ("grant_type", "refresh_token"),
                ("service", self.host),
                ("scope", &scope),
                ("refresh_token", refresh.as_deref().unwrap_or_default()),
            ]),
        };
        let token = self.member(request, "access_token").await?;
        Ok(format!("Bearer {token}"))
    }

    async fn member(&self, request: RequestBuilder, key: &str) -> Result<String, ProviderError> {
        let answer = self.send(request, "refuses the sign-in").await?;
        let answer = self.expect(answer, "refuses the sign-in").await?;
        let mut answer = answer;
        let bytes = body::whole(&mut answer).await.map_err(|why| {
            error::refused(format!("the registry {} gives no token: {why}", self.host))
        })?;
        let body: Json = serde_json::from_slice(&bytes).unwrap_or_default();
        let Some(found) = body.get(key).and_then(Json::as_str) else {
            return Err(error::refused(format!(
                "the registry {} gives no token",
                self.host
            )));
        };
        self.tokens().add(found);
        Ok(found.to_owned())
    }

    async fn part(&self, part: &Part, is_image: bool) -> Result<(), ProviderError> {
        let content = tokio::fs::read(&part.path).await.map_err(|cause| {
            error::refused(format!("{} cannot be read: {cause}", part.path.display()))
        })?;
        let Some(media_type) = &part.manifest else {
            return self.blob(part, content).await;
        };
        let media_type = match media_type.as_str() {
            "" => OCI_MANIFEST,
            media_type => media_type,
        };
        let name = if is_image { self.tag } else { &part.digest };
        let url = self.url(&format!("/v2/{}/manifests/{name}", self.repository));
        let request = self.request(Method::PUT, &url);
        let request = request
            .header(header::CONTENT_TYPE, media_type)
            .body(content);
        let answer = self.send(request, "does not take the manifest").await?;
        self.expect(answer, "does not take the manifest").await?;
        Ok(())
    }

    async fn blob(&self, part: &Part, content: Vec<u8>) -> Result<(), ProviderError> {
        let what = "does not take a layer";
        let at = format!("/v2/{}/blobs/{}", self.repository, part.digest);
        let known = self
            .send(self.request(Method::HEAD, &self.url(&at)), what)
            .await?;
        if known.status().is_success() {
            return Ok(());
        }
        let begin = self.url(&format!("/v2/{}/blobs/uploads/", self.repository));
        let begun = self.send(self.request(Method::POST, &begin), what).await?;
        let begun = self.expect(begun, what).await?;
        let place = begun.headers().get(header::LOCATION);
        let place = place
            .and_then(|place| place.to_str().ok())
            .unwrap_or_default();
        let place = begun.url().join(place).map_err(|_| {
            error::refused(format!(
                "the registry {} gives no place to upload to",
                self.host
            ))
        })?;
        if !is_of_same_origin(&place, begun.url()) {
            // The token is for this registry, and goes nowhere else.
            let message = format!(
                "the registry {} sends its uploads to {}, where its token must not go",
                self.host,
                place.origin().ascii_serialization()
            );
            return Err(error::refused(message).code("ForeignUpload"));
        }
        let request = self.request(Method::PUT, place.as_str());
        let request = request
            .query(&[("digest", &part.digest)])
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .body(content);
        let answer = self.send(request, what).await?;
        self.expect(answer, what).await?;
        Ok(())
    }

    fn tokens(&self) -> MutexGuard<'_, Secrets> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.host)
    }

    fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let request = self.http.request(method, url);
        match &self.authorization {
            Some(authorization) => request.header(header::AUTHORIZATION, authorization),
            None => request,
        }
    }

    /// Sends a request, and again when the network or the registry hiccups: every request of a push may be repeated.
    async fn send(&self, request: RequestBuilder, what: &str) -> Result<Response, ProviderError> {
        let mut delay = FIRST_DELAY;
        for _ in 1..ATTEMPTS {
            let Some(attempt) = request.try_clone() else {
                break;
            };
            let wait = match attempt.send().await {
                Ok(answer) if !is_passing(answer.status()) => return Ok(answer),
                Ok(answer) => asked_for(&answer).unwrap_or(delay),
                Err(_) => delay,
            };
            tokio::time::sleep(wait.min(LONGEST_DELAY)).await;
            delay *= 2;
        }
        request.send().await.map_err(|cause| {
            let cause = body::chain(cause);
            error::refused(format!("the registry {} {what}: {cause}", self.host))
                .help("is it reachable from here? A closed registry takes images by import")
        })
    }

    async fn expect(&self, answer: Response, what: &str) -> Result<Response, ProviderError> {
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let said = body::beginning(answer, SHOWN).await;
        let said = self.tokens().scrub(&said);
        let message = format!("the registry {} {what}: HTTP {status} {said}", self.host);
        let help = match status {
            StatusCode::FORBIDDEN => "let this machine's address in, or import the image",
            StatusCode::UNAUTHORIZED => "who deploys needs the role AcrPush, or a login",
            _ => "correct the layout or the registry, and run again",
        };
        Err(error::refused(message).code(status.as_str()).help(help))
    }
}

/// Whether the same request may be answered otherwise in a moment.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// How long the registry wants to be left alone.
fn asked_for(answer: &Response) -> Option<Duration> {
    let text = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    text.parse().ok().map(Duration::from_secs)
}

/// Whether a link leads to the scheme, host and port that were asked, without a login of its own.
fn is_of_same_origin(link: &Url, here: &Url) -> bool {
    link.origin() == here.origin() && link.username().is_empty() && link.password().is_none()
}

fn basic(user: &str, password: &str) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Basic {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_go_to_the_origin_that_was_asked_and_nowhere_else() {
        let here = Url::parse("https://acme.azurecr.io/v2/site/blobs/uploads/").unwrap();
        for (link, expected) in [
            ("/v2/site/blobs/uploads/1?_state=x", true),
            ("https://acme.azurecr.io/v2/u/1", true),
            ("https://acme.azurecr.io:443/v2/u/1", true),
            ("http://acme.azurecr.io/v2/u/1", false),
            ("https://acme.azurecr.io:8443/v2/u/1", false),
            ("//elsewhere.test/v2/u/1", false),
            ("https://acme.azurecr.io.elsewhere.test/v2/u/1", false),
            ("https://u:p@acme.azurecr.io/v2/u/1", false),
        ] {
            let link = here.join(link).unwrap();
            assert_eq!(is_of_same_origin(&link, &here), expected, "{link}");
        }
    }
}
