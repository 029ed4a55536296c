//! The JSON lines, schema `lazuli.events/1`. These types are the contract with
//! other programs: fields may be added, never renamed or removed without a new
//! schema. They are apart from the engine's own types on purpose.

use std::time::Duration;

use lazuli_core::value::Reveal;
use lazuli_core::{Diagnostic, Related, SourceLocation, Value};
use lazuli_engine::{Change, ChangeKind, Failure, Link, Plan, Reason, Step, Summary};
use serde::Serialize;
use serde_json::Value as Json;

use super::value::json;

/// The schema that every line names.
const SCHEMA: &str = "lazuli.events/1";

/// One line.
#[derive(Serialize)]
pub(crate) struct Line<'a> {
    schema: &'static str,
    #[serde(flatten)]
    body: Body<'a>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(body: Body<'a>) -> Self {
        Self {
            schema: SCHEMA,
            body,
        }
    }
}

/// What a line says; its `type` is the variant's name in snake case.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Body<'a> {
    /// First line of every run.
    Started {
        operation: &'static str,
        project: &'a str,
        stack: &'a str,
        target: &'a str,
    },
    /// The program does something of its own that the plan waits for.
    WaitingForProgram { waits_for: &'a [String] },
    /// What an interrupted run had in flight is settled.
    Settled {
        urn: &'a str,
        op: &'static str,
        found: &'a str,
    },
    /// One step of the plan of a wave.
    Step(Box<StepLine<'a>>),
    /// A finding of the checks of a wave's plan.
    Finding {
        wave: u32,
        #[serde(flatten)]
        finding: FindingLine<'a>,
    },
    /// The plan of a wave; its steps and findings came in the lines before.
    Plan(Box<PlanLine<'a>>),
    /// A refresh found a resource that is not as recorded.
    Drifted {
        urn: &'a str,
        gone: bool,
        changes: Vec<ChangeLine<'a>>,
    },
    /// A request is about to leave.
    StepStarted {
        wave: u32,
        urn: &'a str,
        op: &'static str,
    },
    /// What the cloud is doing.
    StepStatus {
        wave: u32,
        urn: &'a str,
        text: &'a str,
    },
    /// A step succeeded.
    StepDone {
        wave: u32,
        urn: &'a str,
        op: &'static str,
        id: &'a str,
        duration_ms: u64,
    },
    /// A step turned out to be needless.
    StepUnchanged { wave: u32, urn: &'a str },
    /// A step failed.
    StepFailed {
        wave: u32,
        duration_ms: u64,
        #[serde(flatten)]
        failure: FailureLine<'a>,
    },
    /// A step was not started.
    StepSkipped {
        wave: u32,
        urn: &'a str,
        op: &'static str,
        reason: &'a str,
    },
    /// Ctrl-C was heard.
    Stopping,
    /// Worth a person's attention.
    Note {
        #[serde(flatten)]
        finding: FindingLine<'a>,
    },
    /// Last line of a run that succeeded.
    Finished(SummaryLine<'a>),
    /// Last line of a run that did not.
    Failed(Box<ErrorLine<'a>>),
}

#[derive(Serialize)]
pub(crate) struct StepLine<'a> {
    wave: u32,
    urn: &'a str,
    op: &'static str,
    /// The resource's type.
    resource_type: &'a str,
    /// Null while it is not known.
    id: Option<&'a str>,
    place: Option<PlaceLine<'a>>,
    changes: Vec<ChangeLine<'a>>,
    reasons: Vec<ReasonLine>,
    /// Why, back to what the program declares: the upstream steps' reasons, too.
    chain: Vec<LinkLine>,
    inputs: Json,
    pending: Vec<PendingLine<'a>>,
    /// Urns of steps of this wave that come before.
    after: Vec<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct ReasonLine {
    /// The input it is about.
    path: Option<String>,
    /// The resource behind it.
    upstream: Option<String>,
    text: String,
}

#[derive(Serialize)]
pub(crate) struct LinkLine {
    depth: usize,
    urn: String,
    op: &'static str,
    #[serde(flatten)]
    reason: ReasonLine,
}

impl From<&Reason> for ReasonLine {
    fn from(reason: &Reason) -> Self {
        Self {
            path: reason.path.clone(),
            upstream: reason.upstream().map(ToString::to_string),
            text: reason.to_string(),
        }
    }
}

impl From<&Link> for LinkLine {
    fn from(link: &Link) -> Self {
        Self {
            depth: link.depth,
            urn: link.urn.to_string(),
            op: link.op.as_str(),
            reason: (&link.reason).into(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct PlaceLine<'a> {
    file: &'a str,
    line: u32,
}

#[derive(Serialize)]
pub(crate) struct ChangeLine<'a> {
    path: &'a str,
    kind: &'static str,
    old: Json,
    new: Json,
    replaces: bool,
}

#[derive(Serialize)]
struct PendingLine<'a> {
    path: &'a str,
    waits_for: &'a [String],
}

#[derive(Serialize)]
pub(crate) struct FindingLine<'a> {
    severity: &'static str,
    code: &'static str,
    message: &'a str,
    urn: Option<&'a str>,
    place: Option<PlaceLine<'a>>,
    help: Option<&'a str>,
    /// Other resources that it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<RelatedLine<'a>>,
    /// Address of the documentation that the rule comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
}

#[derive(Serialize)]
struct RelatedLine<'a> {
    urn: &'a str,
    place: PlaceLine<'a>,
    text: &'a str,
}

#[derive(Serialize)]
pub(crate) struct PlanLine<'a> {
    wave: u32,
    /// Serial of the state that the plan was made from.
    serial: u64,
    /// How many resources change; a replacement counts once.
    changes: usize,
    unchanged: Vec<&'a str>,
    undecided: Vec<UndecidedLine<'a>>,
    exports: serde_json::Map<String, Json>,
    more_after: &'a [String],
    assumed: bool,
}

#[derive(Serialize)]
struct UndecidedLine<'a> {
    urn: &'a str,
    waits_for: &'a [String],
}

#[derive(Serialize)]
pub(crate) struct FailureLine<'a> {
    urn: &'a str,
    op: &'static str,
    place: Option<PlaceLine<'a>>,
    code: Option<&'a str>,
    message: &'a str,
    help: Option<&'a str>,
    left: Option<&'a str>,
}

#[derive(Serialize)]
pub(crate) struct SummaryLine<'a> {
    created: usize,
    updated: usize,
    replaced: usize,
    deleted: usize,
    unchanged: usize,
    waves: u32,
    duration_ms: u64,
    exports: serde_json::Map<String, Json>,
    resources: Vec<DurationLine<'a>>,
}

#[derive(Serialize)]
struct DurationLine<'a> {
    urn: &'a str,
    op: &'static str,
    duration_ms: u64,
}

/// How a run ended badly.
#[derive(Serialize)]
pub(crate) struct ErrorLine<'a> {
    pub(crate) kind: &'static str,
    pub(crate) exit_code: u8,
    pub(crate) message: String,
    pub(crate) help: Option<&'a str>,
    pub(crate) findings: Vec<FindingLine<'a>>,
    pub(crate) failures: Vec<FailureLine<'a>>,
    /// Operations whose end was not awaited.
    pub(crate) in_flight: usize,
    /// What was done before.
    pub(crate) summary: Option<SummaryLine<'a>>,
}

impl<'a> StepLine<'a> {
    pub(crate) fn new(plan: &'a Plan, step: &'a Step) -> Self {
        let after = step.after.iter().filter_map(|index| plan.steps.get(*index));
        let pending = step.pending.iter().map(|one| PendingLine {
            path: &one.path,
            waits_for: &one.waits_for,
        });
        Self {
            wave: plan.wave,
            urn: step.urn.as_str(),
            op: step.op.as_str(),
            resource_type: step.urn.ty(),
            id: step.id.as_deref(),
            place: step.location.as_ref().map(PlaceLine::from),
            changes: step.changes.iter().map(ChangeLine::from).collect(),
            reasons: step.reasons.iter().map(ReasonLine::from).collect(),
            chain: plan
                .chain(&step.urn)
                .iter()
                .filter(|link| link.depth > 0)
                .map(LinkLine::from)
                .collect(),
            inputs: json(&step.inputs, Reveal::No),
            pending: pending.collect(),
            after: after.map(|step| step.urn.as_str()).collect(),
        }
    }
}

impl<'a> From<&'a SourceLocation> for PlaceLine<'a> {
    fn from(place: &'a SourceLocation) -> Self {
        Self {
            file: &place.file,
            line: place.line,
        }
    }
}

impl<'a> From<&'a Change> for ChangeLine<'a> {
    fn from(change: &'a Change) -> Self {
        let kind = match change.kind {
            ChangeKind::Added => "added",
            ChangeKind::Removed => "removed",
            ChangeKind::Changed => "changed",
        };
        let (old, new) = (json(&change.old, Reveal::No), json(&change.new, Reveal::No));
        Self {
            path: &change.path,
            kind,
            old,
            new,
            replaces: change.replaces,
        }
    }
}

impl<'a> From<&'a Diagnostic> for FindingLine<'a> {
    fn from(finding: &'a Diagnostic) -> Self {
        Self {
            severity: finding.severity.as_str(),
            code: finding.code,
            message: &finding.message,
            urn: finding.urn.as_ref().map(|urn| urn.as_str()),
            place: finding.location.as_ref().map(PlaceLine::from),
            help: finding.help.as_deref(),
            related: finding.related.iter().map(RelatedLine::from).collect(),
            source: finding.source,
        }
    }
}

impl<'a> From<&'a Related> for RelatedLine<'a> {
    fn from(related: &'a Related) -> Self {
        Self {
            urn: related.urn.as_str(),
            place: PlaceLine::from(&related.location),
            text: &related.text,
        }
    }
}

impl<'a> From<&'a Plan> for PlanLine<'a> {
    fn from(plan: &'a Plan) -> Self {
        let undecided = plan.undecided.iter();
        Self {
            wave: plan.wave,
            serial: plan.serial,
            changes: plan.change_count(),
            unchanged: plan.unchanged.iter().map(|urn| urn.as_str()).collect(),
            undecided: undecided
                .map(|one| UndecidedLine {
                    urn: one.urn.as_str(),
                    waits_for: &one.waits_for,
                })
                .collect(),
            exports: exports(
                plan.exports
                    .iter()
                    .map(|export| (&export.name, &export.value)),
            ),
            more_after: &plan.more_after,
            assumed: plan.assumed,
        }
    }
}

impl<'a> From<&'a Failure> for FailureLine<'a> {
    fn from(failure: &'a Failure) -> Self {
        Self {
            urn: failure.urn.as_str(),
            op: failure.op.as_str(),
            place: failure.location.as_ref().map(PlaceLine::from),
            code: failure.code.as_deref(),
            message: &failure.message,
            help: failure.help.as_deref(),
            left: failure.left.as_deref(),
        }
    }
}

impl<'a> From<&'a Summary> for SummaryLine<'a> {
    fn from(summary: &'a Summary) -> Self {
        let resources = summary
            .durations
            .iter()
            .map(|(urn, op, duration)| DurationLine {
                urn: urn.as_str(),
                op: op.as_str(),
                duration_ms: millis(*duration),
            });
        Self {
            created: summary.created,
            updated: summary.updated,
            replaced: summary.replaced,
            deleted: summary.deleted,
            unchanged: summary.unchanged,
            waves: summary.waves,
            duration_ms: millis(summary.duration),
            exports: exports(summary.exports.iter().map(|(name, value)| (name, value))),
            resources: resources.collect(),
        }
    }
}

fn exports<'a>(
    exports: impl Iterator<Item = (&'a String, &'a Value)>,
) -> serde_json::Map<String, Json> {
    exports
        .map(|(name, value)| (name.clone(), json(value, Reveal::No)))
        .collect()
}

/// Whole milliseconds; longer than any run can be where they do not fit.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
