//! The pages that the platform itself shows, in our own words.

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};

fn html(status: StatusCode, title: &str, text: &str) -> Response<Body> {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\
         <body><h1>{title}</h1>{text}</body></html>\n"
    );
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    response
}

/// No site has this host name.
pub(crate) fn no_such_site(host: &str) -> Response<Body> {
    let text = format!(
        "<p>No web app answers for {}. Check the name, or whether the app was deleted.</p>",
        escape(host)
    );
    html(StatusCode::NOT_FOUND, "404 Web Site not found", &text)
}

/// The app exists and is stopped.
pub(crate) fn stopped() -> Response<Body> {
    html(
        StatusCode::FORBIDDEN,
        "Error 403 - This web app is stopped.",
        "<p>Start the app to reach it again.</p>",
    )
}

/// The app is not open to the internet.
pub(crate) fn forbidden() -> Response<Body> {
    html(
        StatusCode::FORBIDDEN,
        "Error 403 - Forbidden",
        "<p>Public access to this web app is off.</p>",
    )
}

/// The container does not run.
pub(crate) fn application_error() -> Response<Body> {
    let text = "<p>The container of this app is not running. Its owner finds the reason in the container log.</p>";
    html(
        StatusCode::SERVICE_UNAVAILABLE,
        ":( Application Error",
        text,
    )
}

/// A plain page for a status, as a web server makes it.
pub(crate) fn status(status: StatusCode) -> Response<Body> {
    html(status, &status.to_string(), "")
}

/// What was asked for is not an address.
pub(crate) fn not_an_address(url: &str) -> Response<Body> {
    html(
        StatusCode::BAD_REQUEST,
        "400 Bad Request",
        &format!("<p>{} is not an address.</p>", escape(url)),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
