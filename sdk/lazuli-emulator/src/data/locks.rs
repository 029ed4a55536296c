//! Whether a lock on a repository, a tag or a manifest forbids a request.
//!
//! Follows the documentation of image locks; the answer is the recorded one.

use axum::body::Body;
use http::{Method, Response, StatusCode};
use serde_json::json;

use super::attributes::{Attributes, Item};
use super::digest::Digest;
use super::distribution::error_response;
use super::oci_store::OciStore;
use super::route::Route;

/// The service's refusal, if a lock is in the way.
pub(super) fn refusal(store: &OciStore, route: &Route, method: &Method) -> Option<Response<Body>> {
    (!allows(store, route, method)).then(disallowed)
}

/// What a lock answers.
pub(super) fn disallowed() -> Response<Body> {
    error_response(
        StatusCode::METHOD_NOT_ALLOWED,
        "REGISTRY_DISALLOWED_OPERATION",
        "The operation is disallowed on this registry, repository or image. View troubleshooting steps at https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation",
        json!({}),
    )
}

fn allows(store: &OciStore, route: &Route, method: &Method) -> bool {
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let is_delete = *method == Method::DELETE;
    match route {
        Route::Blob(name, _) if is_read => all(store, name, &[], |a| a.read_enabled),
        Route::Manifest(name, reference) if is_read => {
            let digest = digest_of(store, name, reference);
            all(store, name, &items(reference, digest.as_ref()), |a| {
                a.read_enabled
            })
        }
        Route::Manifest(name, reference) if is_delete => may_delete(store, name, reference),
        Route::Manifest(name, reference) => {
            all(store, name, &items(reference, None), |a| a.write_enabled)
        }
        Route::Blob(name, _) if is_delete => all(store, name, &[], Attributes::may_delete),
        Route::Uploads(name) | Route::Upload(name, _) => all(store, name, &[], |a| a.write_enabled),
        _ => true,
    }
}

/// Whether a tag alone, or a manifest with all its tags, may go.
pub(super) fn may_delete(store: &OciStore, name: &str, reference: &str) -> bool {
    let Some(digest) = Digest::parse(reference) else {
        return all(store, name, &[Item::Tag(reference)], Attributes::may_delete);
    };
    let tags = store.tags_of(name, &digest).unwrap_or_default();
    let mut items: Vec<Item<'_>> = tags.iter().map(|tag| Item::Tag(tag)).collect();
    items.push(Item::Manifest(&digest));
    all(store, name, &items, Attributes::may_delete)
}

/// Whether a repository may go: nothing in it is locked.
pub(super) fn may_delete_all(store: &OciStore, name: &str) -> bool {
    let manifests = store.manifests(name).unwrap_or_default();
    all(store, name, &[], Attributes::may_delete)
        && manifests
            .iter()
            .all(|digest| may_delete(store, name, digest.as_str()))
}

fn items<'a>(reference: &'a str, digest: Option<&'a Digest>) -> Vec<Item<'a>> {
    let tag = Digest::parse(reference)
        .is_none()
        .then_some(Item::Tag(reference));
    tag.into_iter().chain(digest.map(Item::Manifest)).collect()
}

fn digest_of(store: &OciStore, name: &str, reference: &str) -> Option<Digest> {
    Digest::parse(reference).or_else(|| store.tagged(name, reference).ok()?)
}

/// What cannot be read about has no lock; the protocol answers that it is not there.
fn all(
    store: &OciStore,
    name: &str,
    items: &[Item<'_>],
    holds: impl Fn(&Attributes) -> bool,
) -> bool {
    std::iter::once(&Item::Repository).chain(items).all(|item| {
        store
            .attributes(name, *item)
            .map_or(true, |attributes| holds(&attributes))
    })
}
