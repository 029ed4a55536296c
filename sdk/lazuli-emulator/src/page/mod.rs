//! The page at `/`: this Azure as a person sees it.

use axum::body::Body;
use http::{Method, Request, Response};

use crate::world::World;

/// Whether a request is for the page.
pub(crate) fn is_asked_for(request: &Request<Body>) -> bool {
    request.method() == Method::GET && request.uri().path() == "/"
}

/// Answers the page.
pub(crate) fn respond(_world: &World, _request: &Request<Body>) -> Response<Body> {
    Response::new(Body::empty())
}
