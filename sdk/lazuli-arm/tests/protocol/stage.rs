//! A server that plays a script, a client that is impatient, and a progress that remembers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lazuli_arm::{
    ArmClient, Cloud, CloudSource, ConnectOptions, Credential, CredentialSource, OperationToken,
    PollPolicy, Progress, ResourceId, RetryPolicy, SecretString, Url, Value,
};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

pub(crate) const API: &str = "2024-01-01";
pub(crate) const GROUP: &str = "/subscriptions/s1/resourceGroups/rg";
pub(crate) const NET: &str =
    "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/net";
pub(crate) const OP: &str = "/subscriptions/s1/providers/Microsoft.Network/op/1";

pub(crate) fn net() -> ResourceId {
    ResourceId::parse(NET).unwrap()
}

pub(crate) fn group() -> ResourceId {
    ResourceId::parse(GROUP).unwrap()
}

/// A reply without a body.
pub(crate) fn reply(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status)
}

pub(crate) fn json(status: u16, body: Value) -> ResponseTemplate {
    reply(status).set_body_json(body)
}

pub(crate) fn refusal(status: u16, code: &str) -> ResponseTemplate {
    json(
        status,
        serde_json::json!({"error": {"code": code, "message": "refused"}}),
    )
}

/// A server that gives one reply after the other and notes what it was asked.
pub(crate) struct Stage {
    server: MockServer,
    script: Arc<Script>,
}

#[derive(Default)]
struct Script {
    replies: Mutex<VecDeque<ResponseTemplate>>,
    asked: Mutex<Vec<Request>>,
}

struct Actor(Arc<Script>);

impl Respond for Actor {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        self.0.asked.lock().unwrap().push(request.clone());
        let next = self.0.replies.lock().unwrap().pop_front();
        next.unwrap_or_else(|| ResponseTemplate::new(418).set_body_string("the script has ended"))
    }
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let (server, script) = (MockServer::start().await, Arc::new(Script::default()));
        Mock::given(any())
            .respond_with(Actor(Arc::clone(&script)))
            .mount(&server)
            .await;
        Self { server, script }
    }

    /// Adds replies to the script.
    pub(crate) fn plays(self, replies: impl IntoIterator<Item = ResponseTemplate>) -> Self {
        self.script.replies.lock().unwrap().extend(replies);
        self
    }

    /// A link to a path of this server.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.server.uri())
    }

    pub(crate) async fn client(&self) -> ArmClient {
        client_of(&self.server.uri()).await
    }

    /// The requests so far, as `METHOD path?query` without the API version.
    pub(crate) fn asked(&self) -> Vec<String> {
        let line = |request: &Request| {
            let path_and_query = &request.url[url::Position::BeforePath..];
            let text = format!("{} {path_and_query}", request.method);
            text.replace(&format!("?api-version={API}"), "")
                .replace(&format!("&api-version={API}"), "")
        };
        self.script.asked.lock().unwrap().iter().map(line).collect()
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.script.asked.lock().unwrap().clone()
    }
}

/// A client of an endpoint on loopback, with delays of milliseconds.
pub(crate) async fn client_of(endpoint: &str) -> ArmClient {
    ArmClient::connect(options(endpoint)).await.unwrap()
}

pub(crate) fn options(endpoint: &str) -> ConnectOptions {
    let cloud = Cloud {
        resource_manager: Url::parse(endpoint).unwrap(),
        ..Cloud::public()
    };
    let token = Credential::static_token(SecretString::from("top-secret-token"));
    let (mut retry, mut poll) = (RetryPolicy::default(), PollPolicy::default());
    retry.base_delay = Duration::from_millis(1);
    retry.max_delay = Duration::from_millis(2);
    retry.transient_attempts = 3;
    retry.read_after_write_window = Duration::from_millis(500);
    poll.first_delay = Duration::from_millis(1);
    poll.max_delay = Duration::from_millis(2);
    poll.tolerated_failures = 2;
    let mut options = ConnectOptions::new(CloudSource::Known(cloud))
        .credential(CredentialSource::Given(token))
        .subscription("s1")
        .patience(retry, poll);
    options.seed = 1;
    options
}

/// A progress that remembers.
#[derive(Default)]
pub(crate) struct Diary {
    pub(crate) tokens: Mutex<Vec<OperationToken>>,
    pub(crate) texts: Mutex<Vec<String>>,
}

impl Diary {
    pub(crate) fn token(&self) -> OperationToken {
        self.tokens
            .lock()
            .unwrap()
            .last()
            .cloned()
            .expect("an operation was started")
    }
}

impl Progress for Diary {
    fn operation_started(&self, token: &OperationToken) {
        self.tokens.lock().unwrap().push(token.clone());
    }

    fn status(&self, text: &str) {
        self.texts.lock().unwrap().push(text.to_owned());
    }
}
