//! What a request changed in a registry, for its webhooks.

use axum::body::Body;
use http::{Method, Request, Response, header};

use super::acr_api::AcrRoute;
use super::oci_store::OciStore;
use super::route::Route;
use crate::views::registry_events::{Happening, notify};
use crate::world::{Resource, World};

/// Noted before a request is answered, sent when the answer says that it happened.
pub(super) struct News {
    action: Option<&'static str>,
    repository: String,
    tag: String,
    digest: String,
    media_type: String,
    size: usize,
}

impl News {
    /// What a request would be news of: a pushed manifest, or a deleted one, tag or repository.
    pub(super) fn of(request: &Request<Body>, protocol: Option<(&OciStore, &Route)>) -> News {
        let mut news = News {
            action: None,
            repository: String::new(),
            tag: String::new(),
            digest: String::new(),
            media_type: header_text(request, header::CONTENT_TYPE),
            size: header_text(request, header::CONTENT_LENGTH)
                .parse()
                .unwrap_or_default(),
        };
        match protocol {
            Some((store, Route::Manifest(name, reference))) => {
                news.manifest(store, name, reference, request.method())
            }
            Some(_) => {}
            None => news.own_api(request),
        }
        news
    }

    fn manifest(&mut self, store: &OciStore, name: &str, reference: &str, method: &Method) {
        self.action = match *method {
            Method::PUT => Some("push"),
            Method::DELETE => Some("delete"),
            _ => None,
        };
        self.repository = name.to_owned();
        if self.action == Some("delete")
            && let Ok(found) = store.manifest(name, reference)
        {
            (self.digest, self.media_type) = (found.digest.to_string(), found.media_type);
            self.size = found.bytes.len();
        }
        if !reference.contains(':') {
            self.tag = reference.to_owned();
        }
    }

    fn own_api(&mut self, request: &Request<Body>) {
        if request.method() != Method::DELETE {
            return;
        }
        match AcrRoute::parse(request.uri().path()) {
            Some(AcrRoute::Tag(name, tag)) => (self.repository, self.tag) = (name, tag),
            Some(AcrRoute::Repository(name)) => self.repository = name,
            _ => return,
        }
        self.action = Some("delete");
    }

    /// Notifies the webhooks, if the answer is a success.
    pub(super) fn tell(self, world: &World, registry: &Resource, response: &Response<Body>) {
        let Some(action) = self.action.filter(|_| response.status().is_success()) else {
            return;
        };
        let answered = response
            .headers()
            .get("docker-content-digest")
            .and_then(|v| v.to_str().ok());
        let happening = Happening {
            action,
            repository: &self.repository,
            tag: &self.tag,
            digest: answered.unwrap_or(&self.digest),
            media_type: &self.media_type,
            size: self.size,
        };
        notify(world, registry, &happening);
    }
}

fn header_text(request: &Request<Body>, name: header::HeaderName) -> String {
    let value = request
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}
