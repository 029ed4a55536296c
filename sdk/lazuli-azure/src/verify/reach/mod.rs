//! The proof of reachability: from each app, hop by hop, to what it needs.
//!
//! Three things are proved: that an app can pull its image, that it can read the
//! secrets its settings refer to, and that it reaches the other apps its settings
//! name. The rules turn broken hops into findings; tools print or serialise the
//! paths. Pure over the declarations: what is pending leaves a hop open, and an
//! open hop never breaks a path.

pub(crate) mod app;
mod call;
mod credentials;
pub(crate) mod model;
mod private;
pub(crate) mod pull;
mod secret;
mod show;
mod subnet;
mod target;

use lazuli_core::{DeclaredNode, Diagnostic, Proof, ProofStep, SourceLocation, Status, Urn};
use serde::Serialize;

use super::catalog::{Weight, rule};
use super::graph::{Node, WithRelated};
use model::Model;

pub(crate) use private::{Exposure, exposure};
pub(crate) use secret::{Reference, is_reference};
pub(crate) use target::{groups_of, zone_fits};

/// A place on a path: a resource, and where the program declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The resource.
    pub urn: Urn,
    /// Where it is declared.
    pub location: SourceLocation,
}

/// What an app needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Destination {
    /// To pull its image.
    Pull {
        /// `host/repository:tag`; none while it is not known.
        reference: Option<String>,
    },
    /// To read a secret that a setting refers to.
    Read {
        /// The setting.
        setting: String,
        /// The vault's name.
        vault: String,
        /// The secret's name.
        secret: String,
    },
    /// To call another app that a setting names.
    Call {
        /// The setting.
        setting: String,
        /// The other app's host.
        host: String,
    },
}

/// One question on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HopKind {
    /// The plan: does its tier have integration?
    Plan,
    /// The subnet that the app is integrated with: delegation, size.
    Subnet,
    /// The switch that sends the traffic through the network.
    Route,
    /// What the name means in the app's network.
    Dns,
    /// The records that the endpoint keeps in the zone.
    Records,
    /// The private endpoint: group, approval, network.
    Endpoint,
    /// The firewall of what is reached.
    Firewall,
    /// Who signs in.
    Credentials,
    /// What they may do.
    Role,
    /// Whether the image, or the secret, is there.
    Content,
}

/// What is known of a hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HopState {
    /// It holds.
    Holds,
    /// It does not, and everything that it depends on is declared here.
    Broken,
    /// It does not as far as this program says; somebody else may have seen to it.
    Doubtful,
    /// It cannot be judged until something is known.
    Open,
    /// It is not asked, because an earlier hop is broken or makes it needless.
    NotApplicable,
}

/// One hop of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// The question.
    pub kind: HopKind,
    /// The answer.
    pub state: HopState,
    /// What was found, in a sentence.
    pub detail: String,
    /// The rule that is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// The resource that was looked at, where it is one that is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<Spot>,
    /// The resource that the fix belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Spot>,
    /// Other resources that it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Spot>,
}

/// Whether an app gets what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every hop holds.
    Reaches,
    /// A hop is broken for certain.
    Broken,
    /// A hop is broken as far as this program says.
    Doubtful,
    /// Nothing is broken, and something cannot be judged yet.
    Open,
}

/// The way of an app to something that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReachPath {
    /// The app.
    pub app: Spot,
    /// What it needs.
    pub destination: Destination,
    /// What holds that, where it is declared.
    pub target: Option<Spot>,
    /// The hops, in their order.
    pub hops: Vec<Hop>,
}

impl ReachPath {
    /// What the hops together say.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let any = |state| self.hops.iter().any(|hop| hop.state == state);
        if any(HopState::Broken) {
            Verdict::Broken
        } else if any(HopState::Doubtful) {
            Verdict::Doubtful
        } else if any(HopState::Open) {
            Verdict::Open
        } else {
            Verdict::Reaches
        }
    }

    /// The hop of a kind, if the path has it.
    #[must_use]
    pub fn hop(&self, kind: HopKind) -> Option<&Hop> {
        self.hops.iter().find(|hop| hop.kind == kind)
    }
}

/// The paths of all apps that a program declares: images, secrets, other apps.
#[must_use]
pub fn reachability(declared: &[DeclaredNode]) -> Vec<ReachPath> {
    let model = Model::new(declared);
    let walks = walks(&model);
    walks.into_iter().map(|walk| walk.path).collect()
}

/// The same paths, as an engine passes them on.
pub(crate) fn proofs(declared: &[DeclaredNode]) -> Vec<Proof> {
    reachability(declared)
        .into_iter()
        .map(Proof::from)
        .collect()
}

/// A path together with the findings on its broken hops.
pub(crate) struct Walk {
    pub(crate) path: ReachPath,
    pub(crate) findings: Vec<Diagnostic>,
}

/// All walks of a program.
pub(crate) fn walks(model: &Model<'_>) -> Vec<Walk> {
    let mut walks = Vec::new();
    for app in &model.apps {
        walks.extend(pull::walk(model, app));
        walks.extend(secret::walks(model, app));
        walks.extend(call::walks(model, app));
    }
    walks
}

/// A walk in the making.
pub(crate) struct Steps<'m, 'a> {
    pub(crate) model: &'m Model<'a>,
    pub(crate) app: &'m app::App<'a>,
    hops: Vec<Hop>,
    findings: Vec<Diagnostic>,
    /// What the next hop is about.
    subject: Option<Node<'a>>,
    target: Option<Node<'a>>,
}

/// A broken hop: the rule, where the fix belongs, and what to say.
pub(crate) struct Violation<'a> {
    pub(crate) code: &'static str,
    /// Whether everything that it depends on is declared here.
    pub(crate) is_certain: bool,
    pub(crate) at: Node<'a>,
    pub(crate) message: String,
    pub(crate) fix: String,
    /// Other resources, and what they have to do with it.
    pub(crate) related: Vec<(Node<'a>, &'static str)>,
}

impl<'m, 'a> Steps<'m, 'a> {
    pub(crate) fn new(model: &'m Model<'a>, app: &'m app::App<'a>) -> Self {
        Self {
            model,
            app,
            hops: Vec::new(),
            findings: Vec::new(),
            subject: None,
            target: None,
        }
    }

    /// Names the resource that the next hop is about.
    pub(crate) fn on(&mut self, node: Node<'a>) {
        self.subject = Some(node);
    }

    /// Names what the walk leads to.
    pub(crate) fn towards(&mut self, node: Node<'a>) {
        self.target = Some(node);
    }

    fn push(&mut self, hop: Hop) {
        self.hops.push(Hop {
            on: self.subject.take().map(Spot::of),
            ..hop
        });
    }

    pub(crate) fn holds(&mut self, kind: HopKind, detail: impl Into<String>) {
        self.push(Hop::plain(kind, HopState::Holds, detail.into()));
    }

    pub(crate) fn open(&mut self, kind: HopKind, until: impl std::fmt::Display) {
        let detail = format!("cannot be judged until {until}");
        self.push(Hop::plain(kind, HopState::Open, detail));
    }

    pub(crate) fn not_applicable(&mut self, kind: HopKind, why: impl Into<String>) {
        self.push(Hop::plain(kind, HopState::NotApplicable, why.into()));
    }

    pub(crate) fn broken(&mut self, kind: HopKind, breach: Violation<'a>) {
        let related = breach.related.iter();
        let finding = breach.at.proof(
            breach.code,
            breach.is_certain,
            breach.message.clone(),
            breach.fix.clone(),
        );
        let finding = related.fold(finding, |finding, (node, text)| finding.with(*node, text));
        self.push(Hop {
            code: Some(breach.code),
            fix: Some(breach.fix),
            at: Some(Spot::of(breach.at)),
            related: breach
                .related
                .iter()
                .map(|(node, _)| Spot::of(*node))
                .collect(),
            ..Hop::plain(
                kind,
                match breach.is_certain {
                    true => HopState::Broken,
                    false => HopState::Doubtful,
                },
                breach.message,
            )
        });
        self.findings.push(finding);
    }

    /// A broken hop that a rule of its own speaks of.
    pub(crate) fn reported_elsewhere(
        &mut self,
        kind: HopKind,
        code: &'static str,
        at: Node<'a>,
        detail: impl Into<String>,
    ) {
        let is_warning = rule(code).is_some_and(|rule| rule.weight == Weight::Warning);
        let state = match is_warning {
            true => HopState::Doubtful,
            false => HopState::Broken,
        };
        self.push(Hop {
            code: Some(code),
            at: Some(Spot::of(at)),
            ..Hop::plain(kind, state, detail.into())
        });
    }

    /// Whether a hop so far is broken.
    pub(crate) fn is_broken(&self) -> bool {
        let bad = |hop: &Hop| matches!(hop.state, HopState::Broken | HopState::Doubtful);
        self.hops.iter().any(bad)
    }

    pub(crate) fn end(self, destination: Destination) -> Walk {
        Walk {
            path: ReachPath {
                app: Spot::of(self.app.node),
                destination,
                target: self.target.map(Spot::of),
                hops: self.hops,
            },
            findings: self.findings,
        }
    }
}

impl From<ReachPath> for Proof {
    fn from(path: ReachPath) -> Self {
        Self {
            claim: path.destination.to_string(),
            urn: path.app.urn,
            location: path.app.location,
            target: path.target.map(|spot| spot.urn),
            steps: path.hops.into_iter().map(ProofStep::from).collect(),
        }
    }
}

impl From<Hop> for ProofStep {
    fn from(hop: Hop) -> Self {
        Self {
            question: hop.kind.word(),
            status: match hop.state {
                HopState::Holds => Status::Holds,
                HopState::Broken => Status::Broken,
                HopState::Doubtful => Status::Doubtful,
                HopState::Open => Status::Open,
                HopState::NotApplicable => Status::NotApplicable,
            },
            detail: hop.detail,
            code: hop.code,
            fix: hop.fix,
            at: hop.at.map(|spot| (spot.urn, spot.location)),
            is_passed: hop.on.is_some()
                && matches!(hop.kind, HopKind::Subnet | HopKind::Dns | HopKind::Endpoint),
            on: hop.on.map(|spot| spot.urn),
        }
    }
}

impl Hop {
    fn plain(kind: HopKind, state: HopState, detail: String) -> Self {
        Self {
            kind,
            state,
            detail,
            code: None,
            fix: None,
            on: None,
            at: None,
            related: Vec::new(),
        }
    }
}

impl Spot {
    fn of(node: Node<'_>) -> Self {
        Self {
            urn: node.declared.desired.urn.clone(),
            location: node.declared.location.clone(),
        }
    }
}
