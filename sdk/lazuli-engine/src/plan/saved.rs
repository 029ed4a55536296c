//! A plan in a file: `preview --save-plan FILE`, then `up --plan FILE` in another
//! process. Applying it does exactly what it says, or nothing.
//!
//! It is bound to the state it was made from and to the inputs of every step.
//! Inputs are kept as keyed digests, so that the file holds no secret. It covers
//! the first wave: what the program declares later is asked about again.

use std::collections::HashMap;

use lazuli_core::Value;
use serde::{Deserialize, Serialize};

use super::{Plan, Step};
use crate::secrets::DataKey;

const FORMAT: &str = "lazuli.plan";
const VERSION: u32 = 1;

/// What a plan was made of and what it is going to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPlan {
    format: String,
    version: u32,
    /// Project and stack, joined by `/`.
    stack: String,
    serial: u64,
    steps: Vec<SavedStep>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SavedStep {
    urn: String,
    op: String,
    id: Option<String>,
    inputs: String,
}

impl SavedPlan {
    pub(crate) fn of(plan: &Plan, stack: &str, key: &DataKey) -> Self {
        let saved = |step: &Step| SavedStep {
            urn: step.urn.to_string(),
            op: step.op.as_str().to_owned(),
            id: step.id.clone(),
            inputs: key.digest(&canonical(&step.inputs)),
        };
        Self {
            format: FORMAT.into(),
            version: VERSION,
            stack: stack.to_owned(),
            serial: plan.serial,
            steps: plan.steps.iter().map(saved).collect(),
        }
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// The text is not a plan, is cut, or is from a newer version; in a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let head: Head = serde_json::from_str(text)
            .map_err(|cause| format!("it is not a saved plan: {cause}"))?;
        if head.format != FORMAT {
            return Err(format!("it is a {:?}, not a {FORMAT:?}", head.format));
        }
        if head.version > VERSION {
            return Err(format!(
                "it was written by a newer Lazuli (format {}, this one knows {VERSION})",
                head.version
            ));
        }
        serde_json::from_str(text).map_err(|cause| format!("it is damaged: {cause}"))
    }

    /// The text form.
    pub fn to_text(&self) -> String {
        // A struct of texts and numbers: it cannot fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// How what is about to happen differs from what was saved; empty when it does not.
    pub(crate) fn differences(&self, now: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        if self.stack != now.stack {
            differences.push(format!(
                "it is a plan for {}, not for {}",
                self.stack, now.stack
            ));
            return differences;
        }
        if self.serial != now.serial {
            differences.push(format!(
                "the state has changed since (serial {} then, {} now)",
                self.serial, now.serial
            ));
        }
        let (saved, present) = (by_name(&self.steps), by_name(&now.steps));
        for step in &self.steps {
            match present.get(&(&*step.urn, &*step.op)) {
                None => {
                    differences.push(format!("{} {} is not needed any more", step.op, step.urn))
                }
                Some(other) if other.inputs != step.inputs || other.id != step.id => {
                    differences.push(format!("{} {} would do something else", step.op, step.urn));
                }
                Some(_) => {}
            }
        }
        let news = now.steps.iter();
        let news = news.filter(|step| !saved.contains_key(&(&*step.urn, &*step.op)));
        differences.extend(news.map(|step| format!("{} {} was not planned", step.op, step.urn)));
        differences
    }
}

/// Steps by resource and operation; of several the first, as they come in order.
fn by_name(steps: &[SavedStep]) -> HashMap<(&str, &str), &SavedStep> {
    let steps = steps.iter().rev();
    steps.map(|step| ((&*step.urn, &*step.op), step)).collect()
}

/// One text for equal values; unknowns are marked, secrets are in clear and
/// must not leave this process other than as a keyed digest.
fn canonical(value: &Value) -> String {
    match value {
        Value::Secret(inner) => canonical(inner),
        Value::Unknown(_) => "?".to_owned(),
        Value::List(list) => {
            let items: Vec<_> = list.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Map(map) => {
            let members: Vec<_> = map
                .iter()
                .map(|(key, value)| format!("{key:?}:{}", canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::String(text) => format!("{text:?}"),
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::Op;
    use lazuli_core::Urn;

    fn plan(serial: u64, value: Value) -> SavedPlan {
        let key = crate::secrets::PlainKey::from_bytes(&[7; 32]).unwrap();
        let key = DataKey::new(&key, "p/dev").unwrap();
        let step = Step {
            urn: Urn::new("dev", "p", "", "t", "a"),
            op: Op::Create,
            id: None,
            location: None,
            changes: Vec::new(),
            reasons: Vec::new(),
            inputs: Value::Map([("k".to_owned(), value)].into()),
            pending: Default::default(),
            after: Vec::new(),
        };
        let plan = Plan {
            serial,
            steps: vec![step],
            ..Plan::default()
        };
        SavedPlan::of(&plan, "p/dev", &key)
    }

    #[test]
    fn a_plan_survives_its_text_and_keeps_no_secret() {
        let saved = plan(1, Value::from("hunter2").into_secret());
        let text = saved.to_text();
        assert!(!text.contains("hunter2"));
        assert_eq!(SavedPlan::parse(&text), Ok(saved.clone()));
        let clear = plan(1, Value::from("hunter2"));
        assert_eq!(
            saved.differences(&clear),
            [""; 0],
            "secrecy makes no difference"
        );
    }

    #[test]
    fn any_difference_is_told() {
        let saved = plan(1, Value::from("1"));
        let check = |now: &SavedPlan, expect: &str| {
            let shown = saved.differences(now).join("; ");
            assert!(shown.contains(expect), "{shown}");
        };
        check(&plan(2, Value::from("1")), "the state has changed");
        check(&plan(1, Value::from("2")), "would do something else");
        check(
            &plan(1, Value::Unknown([].into())),
            "would do something else",
        );
        let none = SavedPlan {
            steps: Vec::new(),
            ..saved.clone()
        };
        check(&none, "is not needed any more");
        assert!(none.differences(&saved)[0].contains("was not planned"));
    }

    #[test]
    fn texts_that_are_no_plans_are_refused() {
        let text = plan(1, Value::from("1")).to_text();
        for (bad, expect) in [
            ("", "not a saved plan"),
            (&text[..text.len() / 2], "not a saved plan"),
            (
                &text.replace("\"version\": 1", "\"version\": 9"),
                "newer Lazuli",
            ),
            (&text.replace("lazuli.plan", "lazuli.state"), "not a"),
            (&text.replace("\"serial\"", "\"cereal\""), "damaged"),
        ] {
            assert!(SavedPlan::parse(bad).unwrap_err().contains(expect), "{bad}");
        }
    }
}
