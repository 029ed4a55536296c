//! The fault file: which faults this Azure has, in TOML or JSON. Reference in `docs/emulator.md`.
//!
//! A file that says something meaningless is refused as a whole, with every complaint at once: a fault
//! that silently never happens would make a test pass that should not.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Faults to inject, read from a file or a text. [`Faults::default`] has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    pub(crate) seed: Option<u64>,
    pub(crate) rules: Vec<Rule>,
}

/// Why a fault file was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FaultsError {
    /// The file cannot be read.
    #[error("cannot read the fault file {path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It is neither TOML nor JSON of the documented form.
    #[error("the fault file cannot be understood: {reason}")]
    Malformed {
        /// What the parser said, with the place.
        reason: String,
    },
    /// Rules that make no sense; every complaint, one a line.
    #[error("the fault file asks for what cannot be done:\n{}", complaints.join("\n"))]
    Meaningless {
        /// One sentence each, naming the rule by its number.
        complaints: Vec<String>,
    },
}

/// One rule: which requests, how often, and what happens to them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    /// From 1, as complaints and draws name it.
    pub(crate) number: usize,
    pub(crate) kind: FaultKind,
    pub(crate) provider: Option<String>,
    pub(crate) resource_type: Option<String>,
    pub(crate) methods: Vec<String>,
    pub(crate) path: Option<String>,
    /// Of a registry, a vault or an app; a rule without one speaks of the control plane.
    pub(crate) host: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) often: Often,
    /// How many requests in a row one hit stands for.
    pub(crate) times: u64,
    pub(crate) status: u16,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) retry_after_s: u64,
    /// Seconds since the emulator started, from and until.
    pub(crate) window_s: (f64, f64),
    pub(crate) for_s: Option<f64>,
}

/// Which of the requests that fit are hit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Often {
    Always,
    /// Each with this probability.
    Probability(f64),
    /// The nth ones of the same method and path, from 1.
    Nth(Vec<u64>),
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// 429 with `Retry-After`, in the provider's shape.
    Throttled,
    /// A 5xx.
    ServerError,
    /// The connection ends before anything was done.
    DroppedBefore,
    /// The work is done, and the connection ends without an answer.
    DroppedAfter,
    /// The operation that the request starts does not end.
    StuckOperation,
    /// The operation that the request starts ends `Failed`.
    FailedOperation,
    /// What was just created answers 404 to reads and to those who build on it.
    NotFoundYet,
    /// What was just created is not in lists.
    ListLag,
    /// Role assignments grant nothing at first.
    RoleLag,
    /// What was deleted still blocks the deletion of what it was in. `ghost` in older files.
    #[serde(alias = "ghost")]
    Lingering,
    /// Nothing in a region answers.
    Outage,
    /// The body ends before its announced length.
    TruncatedBody,
    /// A proxy answers with a page of HTML.
    HtmlPage,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    seed: Option<u64>,
    #[serde(default)]
    fault: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kind: FaultKind,
    provider: Option<String>,
    #[serde(rename = "type")]
    resource_type: Option<String>,
    method: Option<OneOrMany<String>>,
    path: Option<String>,
    host: Option<String>,
    region: Option<String>,
    probability: Option<f64>,
    nth: Option<OneOrMany<u64>>,
    times: Option<u64>,
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    retry_after_s: Option<u64>,
    from_s: Option<f64>,
    until_s: Option<f64>,
    for_s: Option<f64>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        }
    }
}

impl Faults {
    /// Reads a fault file, TOML or JSON by its content.
    ///
    /// # Errors
    /// When the file cannot be read or says something meaningless, see [`FaultsError`].
    pub fn read(path: &Path) -> Result<Faults, FaultsError> {
        let text = fs::read_to_string(path).map_err(|source| FaultsError::Io {
            path: path.to_path_buf(),
            source,
        })?;
        Faults::parse(&text)
    }

    /// Reads the text of a fault file.
    ///
    /// # Errors
    /// When the text is neither TOML nor JSON, or says something meaningless.
    pub fn parse(text: &str) -> Result<Faults, FaultsError> {
        let malformed = |reason: &dyn fmt::Display| FaultsError::Malformed {
            reason: reason.to_string(),
        };
        let file: File = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| malformed(&error))?
        } else {
            toml::from_str(text).map_err(|error| malformed(&error))?
        };
        let mut complaints = Vec::new();
        let numbered = file.fault.into_iter().zip(1..);
        let rules = numbered
            .map(|(entry, number)| entry.rule(number, &mut complaints))
            .collect();
        if !complaints.is_empty() {
            return Err(FaultsError::Meaningless { complaints });
        }
        Ok(Faults {
            seed: file.seed,
            rules,
        })
    }
}

impl Entry {
    fn rule(self, number: usize, complaints: &mut Vec<String>) -> Rule {
        self.complain(number, complaints);
        let methods = self.method.map(OneOrMany::into_vec).unwrap_or_default();
        let often = match (self.probability, self.nth) {
            (Some(probability), _) => Often::Probability(probability),
            (None, Some(nth)) => Often::Nth(nth.into_vec()),
            (None, None) => Often::Always,
        };
        let status = match self.kind {
            FaultKind::HtmlPage => 502,
            FaultKind::Outage => 503,
            _ => 500,
        };
        Rule {
            number,
            kind: self.kind,
            provider: self.provider,
            resource_type: self.resource_type,
            methods: methods.iter().map(|word| word.to_uppercase()).collect(),
            path: self.path.map(|path| path.to_ascii_lowercase()),
            host: self.host.map(|host| host.to_ascii_lowercase()),
            region: self
                .region
                .map(|region| crate::wire::ids::location_key(&region)),
            often,
            times: self.times.unwrap_or(1),
            status: self.status.unwrap_or(status),
            code: self.code,
            message: self.message,
            retry_after_s: self.retry_after_s.unwrap_or(10),
            window_s: (
                self.from_s.unwrap_or_default(),
                self.until_s.unwrap_or(f64::INFINITY),
            ),
            for_s: self.for_s,
        }
    }

    fn complain(&self, number: usize, complaints: &mut Vec<String>) {
        let mut no = |wrong: bool, what: &str| {
            if wrong {
                complaints.push(format!("rule {number}: {what}"));
            }
        };
        let (first, last) = self.kind.statuses();
        let status_fits = |status: u16| (first..=last).contains(&status);
        no(
            self.status.is_some_and(|status| !status_fits(status)),
            &if self.kind.takes_status() {
                format!("status must be between {first} and {last}")
            } else {
                "this kind has no status of its own".to_owned()
            },
        );
        no(
            self.probability.is_some_and(|p| !(p > 0.0 && p <= 1.0)),
            "probability must be greater than 0 and at most 1",
        );
        no(
            self.probability.is_some() && self.nth.is_some(),
            "give probability or nth, not both",
        );
        no(
            matches!(&self.nth, Some(nth) if nth.clone().into_vec().contains(&0)),
            "nth counts from 1",
        );
        no(self.times == Some(0), "times must be 1 or more");
        no(
            self.kind == FaultKind::Outage && self.region.is_none(),
            "an outage needs a region",
        );
        no(
            self.kind.needs_duration() && self.for_s.is_none(),
            "this kind needs for_s, in seconds",
        );
        no(
            self.for_s.is_some() && !self.kind.takes_duration(),
            "this kind has no duration for_s",
        );
        let seconds = [self.for_s, self.from_s, self.until_s];
        no(
            seconds
                .into_iter()
                .flatten()
                .any(|s| !(0.0..=1e9).contains(&s)),
            "seconds must be between 0 and 1000000000",
        );
        let of_arm =
            self.provider.is_some() || self.resource_type.is_some() || self.region.is_some();
        no(
            self.host.is_some() && of_arm,
            "a host has no provider, type or region",
        );
        no(
            self.host.is_some() && !self.kind.is_of_one_exchange(),
            "this kind is of the control plane and takes no host",
        );
        no(
            self.path.as_ref().is_some_and(|path| path.contains('?')),
            "path is without its query",
        );
    }
}

impl FaultKind {
    fn takes_status(self) -> bool {
        self.statuses() != (0, 0)
    }

    fn statuses(self) -> (u16, u16) {
        match self {
            FaultKind::ServerError | FaultKind::Outage => (500, 599),
            FaultKind::HtmlPage => (200, 599),
            _ => (0, 0),
        }
    }

    /// What can happen to any exchange, whoever answers it.
    fn is_of_one_exchange(self) -> bool {
        use FaultKind::{
            DroppedAfter, DroppedBefore, HtmlPage, ServerError, Throttled, TruncatedBody,
        };
        matches!(
            self,
            Throttled | ServerError | DroppedBefore | DroppedAfter | TruncatedBody | HtmlPage
        )
    }

    fn needs_duration(self) -> bool {
        use FaultKind::{Lingering, ListLag, NotFoundYet, RoleLag};
        matches!(self, NotFoundYet | ListLag | RoleLag | Lingering)
    }

    fn takes_duration(self) -> bool {
        self.needs_duration() || self == FaultKind::StuckOperation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_and_json_say_the_same() {
        let toml = r#"
            seed = 7
            [[fault]]
            kind = "throttled"
            provider = "Microsoft.Network"
            method = ["put", "POLL"]
            nth = 2
            times = 3
            retry_after_s = 5
            [[fault]]
            kind = "outage"
            region = "West Europe"
            until_s = 60
        "#;
        let json = r#"{ "seed": 7, "fault": [
            { "kind": "throttled", "provider": "Microsoft.Network", "method": ["put", "POLL"], "nth": [2], "times": 3, "retry_after_s": 5 },
            { "kind": "outage", "region": "westeurope", "until_s": 60 } ] }"#;
        let faults = Faults::parse(toml).expect("good");
        assert_eq!(faults, Faults::parse(json).expect("good"));
        assert_eq!(faults.rules[0].methods, ["PUT", "POLL"]);
        assert_eq!(faults.rules[1].status, 503);
        assert_eq!(Faults::parse("").expect("empty"), Faults::default());
    }

    #[test]
    fn the_older_name_of_lingering_is_read() {
        let file = |kind: &str| format!("[[fault]]\nkind = \"{kind}\"\nfor_s = 60");
        let now = Faults::parse(&file("lingering")).expect("good");
        assert_eq!(Faults::parse(&file("ghost")).expect("good"), now);
    }

    #[test]
    fn nonsense_is_refused_with_every_complaint() {
        let check = |text: &str, parts: &[&str]| {
            let error = Faults::parse(text).expect_err("refused").to_string();
            for part in parts {
                assert!(error.contains(part), "{error} lacks {part}");
            }
        };
        check(
            "[[fault]]\nkind = \"explosion\"",
            &["explosion", "throttled"],
        );
        check("[[fault]]\nkind = \"throttled\"\nodds = 1", &["odds"]);
        check("{ \"fault\": [ ", &["line 1"]);
        let many = "[[fault]]\nkind = \"outage\"\n[[fault]]\nkind = \"server_error\"\nstatus = 404\nprobability = 2.0\nnth = 0\nfor_s = 1";
        check(
            many,
            &[
                "rule 1: an outage needs a region",
                "rule 2: status must be between 500 and 599",
                "rule 2: probability must",
                "not both",
                "nth counts from 1",
                "no duration",
            ],
        );
        check("[[fault]]\nkind = \"role_lag\"", &["needs for_s"]);
        check(
            "[[fault]]\nkind = \"stuck_operation\"\nhost = \"*.azurecr.io\"\nregion = \"eastus\"",
            &["takes no host", "no provider, type or region"],
        );
        check(
            "[[fault]]\nkind = \"throttled\"\nstatus = 503",
            &["no status of its own"],
        );
    }
}
