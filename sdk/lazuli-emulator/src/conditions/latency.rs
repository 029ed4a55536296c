//! How long the real services take, per resource type and verb.
//!
//! Two durations: how long the request itself blocks, and how long the operation it started goes on
//! after the answer. The figures are the spans between recorded exchanges with the real services;
//! where nothing was recorded the row says so.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::draw::{Identity, draw};

/// How slow the emulated Azure is. Written `none`, `realistic` or `xN`, such as `x0.1`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Latency {
    /// Answers at once; operations last until the second poll.
    #[default]
    None,
    /// As the real services.
    Realistic,
    /// As the real services, times a factor greater than 0.
    Scaled(f64),
}

impl Latency {
    /// 0 when there is none.
    pub(crate) fn factor(self) -> f64 {
        match self {
            Latency::None => 0.0,
            Latency::Realistic => 1.0,
            Latency::Scaled(factor) => factor,
        }
    }

    pub(crate) fn is_on(self) -> bool {
        self.factor() > 0.0
    }
}

/// The text is neither `none` nor `realistic` nor `xN`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a latency: use none, realistic, or xN with N between 0.001 and 1000, such as x0.1"
)]
pub struct LatencyError(String);

impl FromStr for Latency {
    type Err = LatencyError;

    fn from_str(text: &str) -> Result<Latency, LatencyError> {
        let wrong = || LatencyError(text.to_owned());
        match text {
            "none" => Ok(Latency::None),
            "realistic" => Ok(Latency::Realistic),
            _ => {
                let factor = text.strip_prefix('x').ok_or_else(wrong)?;
                let factor: f64 = factor.parse().map_err(|_| wrong())?;
                let fits = (0.001..=1000.0).contains(&factor);
                fits.then_some(Latency::Scaled(factor)).ok_or_else(wrong)
            }
        }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Latency::None => f.write_str("none"),
            Latency::Realistic => f.write_str("realistic"),
            Latency::Scaled(factor) => write!(f, "x{factor}"),
        }
    }
}

/// What a request does to a resource, as far as durations differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Read,
    Create,
    Update,
    Delete,
    Action,
}

/// A request as the model sees it.
pub(crate) struct Work<'a> {
    pub(crate) kind: &'a str,
    pub(crate) verb: Verb,
    /// SKU name, empty when there is none: registries differ by it.
    pub(crate) sku: &'a str,
}

/// Seconds, from and to.
type Span = (f64, f64);

/// How long a request blocks, and how long its operation lasts after the answer.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Durations {
    blocks: Span,
    lasts: Span,
}

const fn takes(blocks: Span, lasts: Span) -> Durations {
    Durations { blocks, lasts }
}

const AT_ONCE: Span = (0.0, 0.0);
const READ: Durations = takes((0.05, 0.3), AT_ONCE);
/// For types without figures of their own.
const OTHER_WRITE: Durations = takes((0.5, 2.0), (5.0, 15.0));
const OTHER_DELETE: Durations = takes((0.5, 1.0), (5.0, 15.0));

fn durations(work: &Work<'_>) -> Durations {
    use Verb::{Action, Create, Delete, Read, Update};
    let kind = work.kind.to_ascii_lowercase();
    match (kind.as_str(), work.verb) {
        (_, Read) => READ,
        ("microsoft.resources/resourcegroups", Delete) => takes((0.5, 1.0), (30.0, 60.0)),
        ("microsoft.resources/resourcegroups", _) => takes((1.0, 2.0), AT_ONCE),
        ("microsoft.network/virtualnetworks", Create | Update) => takes((1.0, 3.0), (3.0, 11.0)),
        ("microsoft.network/virtualnetworks/subnets", Create | Update) => {
            takes((0.8, 1.2), (3.5, 4.5))
        }
        ("microsoft.network/privatednszones", Create | Update) => takes((2.0, 3.0), (15.0, 31.0)),
        ("microsoft.network/privatednszones/virtualnetworklinks", Create | Update) => {
            takes((2.0, 9.0), (30.0, 60.0))
        }
        ("microsoft.network/privatednszones/virtualnetworklinks", Delete) => {
            takes((2.0, 9.0), (32.0, 62.0))
        }
        ("microsoft.network/privateendpoints", Create | Update) => takes((1.5, 2.5), (41.0, 61.0)),
        // The end of a deletion was not recorded; users report up to a minute.
        ("microsoft.network/privateendpoints", Delete) => takes((0.8, 1.2), (10.0, 60.0)),
        ("microsoft.network/privateendpoints/privatednszonegroups", Create | Update) => {
            takes((2.0, 10.0), (4.0, 10.0))
        }
        ("microsoft.containerregistry/registries", Create) if premium(work.sku) => {
            takes((0.8, 1.2), (5.0, 10.0))
        }
        ("microsoft.containerregistry/registries", Create) => takes((8.0, 10.0), (0.0, 1.0)),
        ("microsoft.containerregistry/registries", Update) => takes((1.0, 3.0), (5.0, 10.0)),
        ("microsoft.containerregistry/registries/privateendpointconnections", Delete) => {
            takes((0.8, 1.2), (10.0, 30.0))
        }
        ("microsoft.containerregistry/registries/privateendpointconnections", _) => {
            takes((0.8, 1.2), (5.0, 10.0))
        }
        ("microsoft.web/serverfarms", Create) => takes((11.0, 13.0), AT_ONCE),
        ("microsoft.web/serverfarms", Update | Delete) => takes((2.0, 4.0), AT_ONCE),
        ("microsoft.web/sites" | "microsoft.web/sites/slots", Create) => {
            takes((18.0, 22.0), AT_ONCE)
        }
        ("microsoft.web/sites" | "microsoft.web/sites/slots", Update) => takes((3.0, 5.0), AT_ONCE),
        (kind, Create | Update | Delete) if kind.starts_with("microsoft.web/sites/") => {
            takes((1.0, 3.0), AT_ONCE)
        }
        ("microsoft.managedidentity/userassignedidentities", Create) => takes((1.0, 3.0), AT_ONCE),
        ("microsoft.authorization/roleassignments", Create) => takes((1.0, 5.0), AT_ONCE),
        (REGISTRATION, _) => takes((0.8, 1.2), (10.0, 120.0)),
        (_, Delete) => OTHER_DELETE,
        (_, Action) => takes((0.3, 1.0), (5.0, 15.0)),
        (_, Create | Update) => OTHER_WRITE,
    }
}

/// The registration of a resource provider, as a type of its own.
pub(crate) const REGISTRATION: &str = "lazuli/registrations";

fn premium(sku: &str) -> bool {
    sku.eq_ignore_ascii_case("Premium")
}

/// How long the request blocks before it is answered.
pub(crate) fn blocks(latency: Latency, seed: u64, work: &Work<'_>, who: &Identity) -> Duration {
    within(latency, seed, "blocks", durations(work).blocks, who)
}

/// How long the operation lasts after the answer.
pub(crate) fn lasts(latency: Latency, seed: u64, work: &Work<'_>, who: &Identity) -> Duration {
    within(latency, seed, "lasts", durations(work).lasts, who)
}

fn within(latency: Latency, seed: u64, purpose: &str, span: Span, who: &Identity) -> Duration {
    let at = draw(seed, purpose, &who.name, who.count);
    let seconds = (span.0 + (span.1 - span.0) * at) * latency.factor();
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who() -> Identity {
        Identity {
            name: "put /a".into(),
            count: 1,
        }
    }

    #[test]
    fn the_text_forms() {
        let check = |text: &str, expect: Option<Latency>| {
            assert_eq!(text.parse().ok(), expect, "{text}");
        };
        check("none", Some(Latency::None));
        check("realistic", Some(Latency::Realistic));
        check("x0.1", Some(Latency::Scaled(0.1)));
        for bad in ["", "x", "x0", "x-1", "xNaN", "xinf", "2", "fast", "x1e9"] {
            check(bad, None);
        }
    }

    #[test]
    fn durations_follow_type_verb_and_sku() {
        let check = |kind: &str, verb: Verb, sku: &str, blocks_: Span, lasts_: Span| {
            let work = Work { kind, verb, sku };
            let blocked = blocks(Latency::Realistic, 1, &work, &who()).as_secs_f64();
            let lasted = lasts(Latency::Realistic, 1, &work, &who()).as_secs_f64();
            assert!(
                (blocks_.0..=blocks_.1).contains(&blocked),
                "{kind} {blocked}"
            );
            assert!((lasts_.0..=lasts_.1).contains(&lasted), "{kind} {lasted}");
            let tenth = blocks(Latency::Scaled(0.1), 1, &work, &who()).as_secs_f64();
            assert!((tenth * 10.0 - blocked).abs() < 1e-6);
            assert_eq!(blocks(Latency::None, 1, &work, &who()), Duration::ZERO);
        };
        check(
            "Microsoft.Network/privateEndpoints",
            Verb::Create,
            "",
            (1.5, 2.5),
            (41.0, 61.0),
        );
        check(
            "Microsoft.Web/serverfarms",
            Verb::Create,
            "",
            (11.0, 13.0),
            AT_ONCE,
        );
        let registry = "Microsoft.ContainerRegistry/registries";
        check(registry, Verb::Create, "premium", (0.8, 1.2), (5.0, 10.0));
        check(registry, Verb::Create, "Basic", (8.0, 10.0), (0.0, 1.0));
        check(registry, Verb::Read, "", (0.05, 0.3), AT_ONCE);
        check(
            "Microsoft.Odd/things",
            Verb::Create,
            "",
            (0.5, 2.0),
            (5.0, 15.0),
        );
    }
}
