//! A scripted Azure: it gives its answers in order and notes what it was asked,
//! so that a test can compare the whole conversation.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lazuli_arm::{
    ArmClient, Cloud, CloudSource, ConnectOptions, Credential, CredentialSource, PollPolicy,
    RetryPolicy, SecretString, Url,
};
use lazuli_core::{Declared, Progress, ProviderError, Recorded, Urn, Value};
use serde_json::{Value as Json, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use super::{AzureProvider, Pace};

pub(super) const GROUP: &str = "/subscriptions/s/resourceGroups/g";

/// One answer. In headers and body `{server}` stands for the server's address.
pub(super) struct Answer {
    status: u16,
    body: Json,
    headers: Vec<(&'static str, String)>,
}

pub(super) fn ok(body: Json) -> Answer {
    answer(200, body)
}

pub(super) fn answer(status: u16, body: Json) -> Answer {
    Answer {
        status,
        body,
        headers: vec![("x-ms-request-id", "r-1".to_owned())],
    }
}

pub(super) fn refusal(status: u16, code: &str, message: &str) -> Answer {
    answer(status, json!({"error": {"code": code, "message": message}}))
}

pub(super) fn missing() -> Answer {
    refusal(404, "ResourceNotFound", "not there")
}

impl Answer {
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

#[derive(Clone)]
struct Script(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    answers: VecDeque<Answer>,
    log: Vec<String>,
    versions: Vec<String>,
    server: String,
    authorized: Vec<bool>,
}

impl Respond for Script {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.0.lock().unwrap();
        let mut query = Vec::new();
        for (key, value) in request.url.query_pairs() {
            match key.as_ref() {
                "api-version" => state.versions.push(value.into_owned()),
                key => query.push(format!("{key}={value}")),
            }
        }
        let query = if query.is_empty() {
            String::new()
        } else {
            format!("?{}", query.join("&"))
        };
        let line = format!(
            "{} {}{query}{}",
            request.method,
            request.url.path(),
            said(&request.body)
        );
        state.log.push(line);
        state
            .authorized
            .push(request.headers.contains_key("authorization"));
        let Some(answer) = state.answers.pop_front() else {
            return ResponseTemplate::new(400)
                .set_body_string("{\"error\": {\"code\": \"ScriptEnded\", \"message\": \"\"}}");
        };
        let body = answer.body.to_string().replace("{server}", &state.server);
        let template = match &answer.body {
            Json::String(text) => {
                ResponseTemplate::new(answer.status).set_body_string(text.clone())
            }
            _ => ResponseTemplate::new(answer.status).set_body_raw(body, "application/json"),
        };
        let headers = answer.headers.iter();
        headers.fold(template, |template, (name, value)| {
            template.insert_header(*name, value.replace("{server}", &state.server).as_str())
        })
    }
}

fn said(body: &[u8]) -> String {
    match (body, serde_json::from_slice::<Json>(body)) {
        ([], _) => String::new(),
        (_, Ok(json)) => format!(" {}", sorted(json)),
        (bytes, Err(_)) => format!(
            " <{} magic>",
            if bytes.starts_with(&[0x1f, 0x8b]) {
                "gzip"
            } else {
                "no"
            }
        ),
    }
}

/// Keys in order, so that expectations do not depend on how a body was made.
fn sorted(json: Json) -> Json {
    match json {
        Json::Object(members) => {
            let mut members: Vec<_> = members
                .into_iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect();
            members.sort_by(|(one, _), (two, _)| one.cmp(two));
            Json::Object(members.into_iter().collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// The scripted Azure.
pub(super) struct FakeArm {
    server: MockServer,
    script: Script,
}

impl FakeArm {
    pub(super) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let server = MockServer::start().await;
        let state = State {
            answers: answers.into_iter().collect(),
            server: server.uri(),
            ..State::default()
        };
        let script = Script(Arc::new(Mutex::new(state)));
        Mock::given(any())
            .respond_with(script.clone())
            .mount(&server)
            .await;
        Self { server, script }
    }

    /// A provider that talks to it without ever waiting long.
    pub(super) async fn provider(&self, folder: &Path) -> AzureProvider {
        let mut cloud = Cloud::public();
        cloud.resource_manager = Url::parse(&self.server.uri()).unwrap();
        let (mut retry, mut poll) = (RetryPolicy::default(), PollPolicy::default());
        let instant = Duration::from_millis(1);
        (
            retry.base_delay,
            retry.max_delay,
            retry.read_after_write_window,
        ) = (instant, instant, Duration::ZERO);
        (retry.transient_attempts, retry.timeout_attempts) = (1, 1);
        (poll.first_delay, poll.max_delay) = (instant, instant);
        let token = Credential::static_token(SecretString::from("token".to_owned()));
        let options = ConnectOptions::new(CloudSource::Known(cloud))
            .subscription("s")
            .credential(CredentialSource::Given(token))
            .patience(retry, poll);
        let pace = Pace {
            first: instant,
            max: instant,
            patience: Duration::from_secs(30),
        };
        AzureProvider::new(
            ArmClient::connect(options).await.unwrap(),
            folder.to_owned(),
        )
        .pace(pace)
    }

    /// Asserts the whole conversation, one `METHOD path?query body` a line, and
    /// that no answer is left over.
    pub(super) fn assert_asked(&self, expected: &[String]) {
        let state = self.script.0.lock().unwrap();
        assert_eq!(state.log, expected, "{:#?}", state.log);
        assert!(
            state.answers.is_empty(),
            "{} answers are left",
            state.answers.len()
        );
    }

    pub(super) fn versions(&self) -> Vec<String> {
        self.script.0.lock().unwrap().versions.clone()
    }

    /// For each request, whether it carried a token.
    pub(super) fn authorized(&self) -> Vec<bool> {
        self.script.0.lock().unwrap().authorized.clone()
    }
}

/// A line of the conversation.
pub(super) fn line(method: &str, path: &str, body: Json) -> String {
    match body {
        Json::Null => format!("{method} {path}"),
        body => format!("{method} {path} {}", sorted(body)),
    }
}

pub(super) fn get(path: &str) -> String {
    line("GET", path, Json::Null)
}

pub(super) fn urn(ty: &str) -> Urn {
    Urn::new("dev", "p", "", ty, "x")
}

pub(super) fn desired(ty: &str, id: &str, inputs: impl Into<Value>) -> Declared {
    Declared {
        urn: urn(ty),
        id: Some(id.to_owned()),
        inputs: inputs.into(),
        timeout: None,
    }
}

pub(super) fn existing(ty: &str, id: &str, inputs: Json, outputs: Json) -> Recorded {
    Recorded {
        urn: urn(ty),
        id: id.to_owned(),
        inputs: Value::from(inputs),
        outputs: Value::from(outputs),
    }
}

/// A journal that notes tokens, and can be broken.
#[derive(Default)]
pub(super) struct Journal {
    pub(super) tokens: Mutex<Vec<Value>>,
    pub(super) statuses: Mutex<Vec<String>>,
    pub(super) broken: bool,
}

impl Progress for Journal {
    fn accepted(&self, token: Value) -> Result<(), ProviderError> {
        self.tokens.lock().unwrap().push(token);
        match self.broken {
            true => Err(super::error::refused("the journal cannot be written")),
            false => Ok(()),
        }
    }

    fn status(&self, text: &str) {
        self.statuses.lock().unwrap().push(text.to_owned());
    }
}
