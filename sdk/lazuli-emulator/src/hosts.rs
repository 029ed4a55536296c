//! What answers under other names than the control plane's: registries, apps, vaults, blobs; with the
//! faults that rules ask for.
//!
//! Called by the server for names that reach it, and by the proxy for names behind its tunnels.

use axum::body::Body as HttpBody;
use http::{Request, Response};

use crate::cloud::Cloud;
use crate::conditions::{Dropped, Subject};
use crate::data::{blob, registry, store_error};
use crate::vault;
use crate::web::front::{self, Address};
use crate::wire::response::{ConnectionDropped, http_response, truncated};
use crate::wire::{Answer, Body, errors};
use crate::world::World;

/// Who stands behind a host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Registry,
    Site,
    Vault,
    /// Build sources, logs and layers, by their path.
    Blobs,
    /// The same, under the name of the storage that registries send their clients to.
    Layers,
    /// A storage account, whose content is not modelled.
    Account,
}

/// Answers one request, unless the fault file wants something else.
pub(crate) async fn answer(
    cloud: &Cloud,
    service: Service,
    host: String,
    request: Request<HttpBody>,
) -> Result<Response<HttpBody>, ConnectionDropped> {
    let subject = Subject::elsewhere(
        &cloud.conditions,
        &host,
        request.method(),
        request.uri().path(),
    );
    let fate = cloud.conditions.judge(&subject);
    if fate.dropped == Some(Dropped::BeforeTheWork) {
        return Err(ConnectionDropped);
    }
    let response = match fate.refusal {
        Some(refusal) => service.refusal(refusal),
        None => service.work(&cloud.world, host, request).await,
    };
    match fate.dropped {
        Some(_) => Err(ConnectionDropped),
        None if fate.truncated => Ok(truncated(response).await),
        None => Ok(response),
    }
}

impl Service {
    async fn work(
        self,
        world: &World,
        host: String,
        request: Request<HttpBody>,
    ) -> Response<HttpBody> {
        match self {
            Service::Registry => {
                registry::handle(world, &host, world.settings().client_ip, request).await
            }
            Service::Site => {
                let is_secure = true;
                front::respond(world, &Address { host, is_secure }, request).await
            }
            Service::Vault => vault::handle(world, &host, request).await,
            Service::Blobs => blob::handle(world, request).await,
            Service::Layers => blob::handle_host(world, request).await,
            Service::Account => {
                let what = format!("The content of a storage account ({host})");
                http_response(errors::not_modelled(&what))
            }
        }
    }

    /// A refusal in the words of the service: registries have an error shape of their own.
    fn refusal(self, mut answer: Answer) -> Response<HttpBody> {
        if let (Service::Registry, Body::Json(body)) = (self, &mut answer.body) {
            *body = store_error::unavailable(&body["error"]);
        }
        http_response(answer)
    }
}
