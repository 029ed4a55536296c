//! What the proof says is what the embedded Azure serves, on random topologies.
//!
//! A path that reaches its image is a page; a broken one is none, whether Azure
//! refuses the deployment or the pull fails; of an open one nothing is said. The
//! embedded Azure shares no code with the proof.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::FutureExt as _;
use lazuli_azure::provider::AzureSchema;
use lazuli_azure::verify::{ReachPath, Verdict, reachability};
use lazuli_core::{DeclaredNode, Schema as _, Severity};
use lazuli_engine::Operation;

use super::listener::{Asked, Heard, Listener};
use super::program::{TWISTS, Twist, topology};
use crate::stack::bench::{Bench, Watch};

/// The seed of the first random case; the others follow it.
const SEED: u64 = 20_210_703;
const CASES: u64 = 40;

/// What came of a deployment.
struct Outcome {
    /// Why Azure refused it, if it did.
    refused: Option<String>,
    is_served: bool,
    log: String,
    declared: Vec<DeclaredNode>,
}

/// What proof and world agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Judged {
    Served,
    Broken,
    Refused,
    Open,
}

/// How many random cases: some, or as many as `AGREEMENT_CASES` says.
pub(super) fn cases(usual: u64) -> u64 {
    let said = std::env::var("AGREEMENT_CASES").ok();
    said.and_then(|said| said.parse().ok()).unwrap_or(usual)
}

/// No kind may be missing, or the agreement would say little.
fn assert_mixed(judged: &[Judged], kinds: &[Judged]) {
    let count = |kind: &Judged| judged.iter().filter(|judged| *judged == kind).count();
    let counts: Vec<_> = kinds.iter().map(|kind| (*kind, count(kind))).collect();
    assert!(counts.iter().all(|(_, count)| *count > 2), "{counts:?}");
}

async fn deploy(twists: &BTreeSet<Twist>) -> Outcome {
    let mut bench = Bench::new().await;
    let heard = Heard::default();
    let listener = heard.clone();
    bench.wrap(|inner| {
        Arc::new(Listener {
            inner,
            heard: listener,
            asked: Asked::default(),
        })
    });
    let program = twists.clone();
    let program = move |stack| topology(stack, program);
    let result = bench
        .run_program(Operation::Up, program, &mut Watch::default())
        .await;
    let is_served = result.is_ok() && bench.page().await.0 == 200;
    let declared = std::mem::take(&mut *heard.lock().unwrap());
    Outcome {
        refused: result.err().map(|error| format!("{error:?}")),
        is_served,
        log: bench.log(),
        declared,
    }
}

fn path(declared: &[DeclaredNode]) -> ReachPath {
    let mut paths = reachability(declared);
    assert_eq!(paths.len(), 1, "{paths:?}");
    paths.remove(0)
}

/// Whether `verify` would have stopped it.
fn is_stopped(declared: &[DeclaredNode]) -> bool {
    let findings = AzureSchema.verify(declared);
    findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
}

async fn check(case: &str, twists: BTreeSet<Twist>) -> Judged {
    let outcome = deploy(&twists).await;
    let path = path(&outcome.declared);
    let shown = format!(
        "{case} {twists:?}\n{path}served: {}\nrefused: {:?}\n{}",
        outcome.is_served, outcome.refused, outcome.log
    );
    match path.verdict() {
        _ if outcome.refused.is_some() => {
            let stopped = is_stopped(&outcome.declared);
            assert!(stopped, "Azure refused what verify lets pass: {shown}");
            Judged::Refused
        }
        Verdict::Reaches => {
            assert!(outcome.is_served, "proved, but not served: {shown}");
            Judged::Served
        }
        Verdict::Broken | Verdict::Doubtful => {
            assert!(!outcome.is_served, "said to be broken, but served: {shown}");
            Judged::Broken
        }
        Verdict::Open => Judged::Open,
    }
}

/// SplitMix64: a number is all that a case needs to be repeated.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap_or_default()
    }

    fn twists(&mut self) -> BTreeSet<Twist> {
        let count = 1 + self.below(3);
        (0..count)
            .map(|_| TWISTS[self.below(TWISTS.len())])
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_article_is_proved_and_served() {
    let outcome = deploy(&BTreeSet::new()).await;
    let path = path(&outcome.declared);
    assert_eq!(path.verdict(), Verdict::Reaches, "{path}");
    assert!(outcome.is_served, "{}", outcome.log);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_twist_alone_is_judged_as_azure_judges_it() {
    // On the heap: an array of them by value does not fit the stack of a test.
    let cases = TWISTS.iter().map(|twist| {
        let alone = BTreeSet::from([*twist]);
        check("alone", alone).boxed()
    });
    let judged = futures::future::join_all(cases).await;
    assert_mixed(&judged, &[Judged::Served, Judged::Broken, Judged::Refused]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_topologies_are_judged_as_azure_judges_them() {
    let mut judged = Vec::new();
    for seed in SEED..SEED + cases(CASES) {
        let twists = Random(seed).twists();
        judged.push(check(&format!("seed {seed}"), twists).await);
    }
    assert_mixed(&judged, &[Judged::Broken, Judged::Refused]);
}
