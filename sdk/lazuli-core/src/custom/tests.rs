//! Custom kinds against the provider trait.

use std::sync::Arc;

use futures::FutureExt as _;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::*;
use crate::provider::{Declared, Observed, Provider, ProviderError, ProviderErrorKind, Recorded};

#[derive(Serialize, Deserialize)]
struct Request {
    text: String,
    count: Option<u32>,
}

impl Inputs for Request {
    const TYPE: &'static str = "test:Request";
}

#[derive(Serialize, Deserialize)]
struct Answer {
    echo: String,
    key: String,
}

/// Fails as the text of the wish says.
struct Lamp;

#[async_trait]
impl Custom for Lamp {
    type Inputs = Request;
    type Outputs = Answer;

    fn facts(&self) -> Facts {
        Facts::default().secret_outputs(["key"])
    }

    async fn create(&self, wanted: Wanted<'_, Request>) -> Result<Made<Answer>, Failure> {
        match wanted.inputs.text.as_str() {
            "refuse" => return Err(Failure::refused("no").code("No").help("ask nicely")),
            "parse" => drop("many".parse::<u32>()?),
            "pass on" => Err(ProviderError::new(ProviderErrorKind::Unhealthy, "pale"))?,
            _ => {}
        }
        let (echo, key) = (wanted.inputs.text, "hunter2".to_owned());
        Ok(Made::new(
            format!("id-{}", wanted.urn.name()),
            Answer { echo, key },
        ))
    }
}

/// Changes in place, and answers nothing.
struct Switch;

#[async_trait]
impl Custom for Switch {
    type Inputs = Request;
    type Outputs = ();

    fn facts(&self) -> Facts {
        Facts::in_place().replaced_on(["text"])
    }

    async fn create(&self, wanted: Wanted<'_, Request>) -> Result<Made<()>, Failure> {
        Ok(Made::new(wanted.name, ()))
    }

    async fn update(
        &self,
        known: Known<'_, Request, ()>,
        wanted: Wanted<'_, Request>,
    ) -> Result<(), Failure> {
        match (known.outputs, wanted.inputs.count) {
            (Some(()), Some(_)) => Ok(()),
            _ => Err(Failure::refused("nothing to switch to")),
        }
    }
}

struct Silent;

impl Progress for Silent {
    fn accepted(&self, _: Value) -> Result<(), ProviderError> {
        Ok(())
    }
    fn status(&self, _: &str) {}
}

/// Nothing here waits for anything.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().unwrap()
}

fn provider(kind: impl Custom) -> Arc<dyn Provider> {
    serve(kind).1
}

fn desired(inputs: Json) -> Declared {
    Declared {
        urn: Urn::new("dev", "p", "", "test:Request", "w"),
        id: None,
        inputs: Value::from(inputs),
        timeout: None,
    }
}

fn existing(id: &str, inputs: Json, outputs: Value) -> Recorded {
    Recorded {
        urn: Urn::new("dev", "p", "", "test:Request", "w"),
        id: id.to_owned(),
        inputs: Value::from(inputs),
        outputs,
    }
}

fn made(id: &str) -> Value {
    Value::from(json!({ "echo": "x", "key": "k", "id": id }))
}

#[test]
fn a_failure_says_what_is_known_of_the_outcome() {
    let check = |text: &str, expect: (ProviderErrorKind, &str)| {
        let created = provider(Lamp);
        let created = at_once(created.create(&desired(json!({ "text": text })), &Silent));
        let error = created.unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), expect, "{text}");
    };
    check("refuse", (ProviderErrorKind::Refused, "no"));
    check(
        "parse",
        (ProviderErrorKind::Unknown, "invalid digit found in string"),
    );
    check("pass on", (ProviderErrorKind::Unhealthy, "pale"));
    let told: ProviderError = Failure::refused("no").code("No").help("ask").into();
    assert_eq!(
        (told.code.as_deref(), told.help.as_deref()),
        (Some("No"), Some("ask"))
    );
}

#[test]
fn an_answer_holds_its_id_and_hides_its_secrets() {
    let lamp = provider(Lamp);
    let Observed { id, outputs } =
        at_once(lamp.create(&desired(json!({ "text": "x" })), &Silent)).unwrap();
    assert_eq!(id, "id-w");
    assert_eq!(outputs.at("id").and_then(Value::as_str), Some("id-w"));
    assert_eq!(outputs.at("echo").and_then(Value::as_str), Some("x"));
    assert!(outputs.is_secret_at("key") && !outputs.is_secret_at("echo"));
    let found = at_once(lamp.read(&existing("id-w", json!({ "text": "x" }), outputs.clone())));
    assert_eq!(found.unwrap().map(|found| found.outputs), Some(outputs));
}

#[test]
fn without_a_read_what_is_recorded_is_believed_and_a_create_is_repeated() {
    let lamp = provider(Lamp);
    let read = |id: &str, outputs: Value| {
        let read = at_once(lamp.read(&existing(id, json!({ "text": "x" }), outputs)));
        read.unwrap().map(|found| found.id)
    };
    assert_eq!(read("", Value::Null), None);
    assert_eq!(read("id-w", made("id-w")), Some("id-w".to_owned()));
}

#[test]
fn facts_say_what_replaces() {
    let lamp = provider(Lamp).schema().type_schema("");
    assert_eq!(lamp.immutable, ["*"]);
    let switch = provider(Switch).schema().type_schema("");
    assert_eq!(switch.immutable, ["text"]);
    assert_eq!(switch.stable_outputs, [("id".to_owned(), Vec::new())]);
}

#[test]
fn a_kind_without_update_has_nothing_to_repair_and_cannot_change() {
    let (lamp, old) = (
        provider(Lamp),
        existing("id-w", json!({ "text": "x" }), made("id-w")),
    );
    let same = at_once(lamp.update(&old, &desired(json!({ "text": "x" })), &Silent));
    assert_eq!(same.unwrap().outputs, old.outputs);
    let other = at_once(lamp.update(&old, &desired(json!({ "text": "y" })), &Silent));
    assert_eq!(other.unwrap_err().kind, ProviderErrorKind::Refused);
}

#[test]
fn an_update_keeps_the_id_and_no_outputs_are_outputs() {
    let old = existing(
        "w",
        json!({ "text": "x" }),
        Value::from(json!({ "id": "w" })),
    );
    let wanted = desired(json!({ "text": "x", "count": 1 }));
    let switched = at_once(provider(Switch).update(&old, &wanted, &Silent)).unwrap();
    assert_eq!(
        (switched.id.as_str(), switched.outputs),
        ("w", Value::from(json!({ "id": "w" })))
    );
}

#[test]
fn inputs_that_do_not_fit_are_a_finding_that_quotes_no_secret() {
    let lamp = provider(Lamp).schema();
    let codes = |inputs: Json| {
        let findings = lamp.check(&desired(inputs));
        findings
            .iter()
            .map(|finding| finding.code)
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(json!({ "text": "x" })), [""; 0]);
    assert_eq!(codes(json!({ "count": 1 })), ["LZ1900"]);
    let mut wrong = desired(json!({ "text": "x" }));
    if let Value::Map(members) = &mut wrong.inputs {
        members.insert("count".to_owned(), Value::from("hunter2").into_secret());
    }
    let [finding] = lamp.check(&wrong).try_into().unwrap();
    assert!(!finding.message.contains("hunter2"), "{}", finding.message);
    let old = existing("id-w", json!({ "count": 1 }), made("id-w"));
    let error = at_once(provider(Lamp).delete(&old, &Silent)).unwrap_err();
    assert!(
        error.message.contains("`text`") && error.help.is_some(),
        "{error:?}"
    );
}
