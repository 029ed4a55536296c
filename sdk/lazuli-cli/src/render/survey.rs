//! What `verify` found, for people and for programs: reports of the findings, and
//! each proof as a path with the broken hop marked.

use std::fmt::Write as _;

use lazuli_core::{Proof, ProofStep, Severity, Status};
use lazuli_engine::Survey;
use serde_json::{Value as Json, json};

use super::wire::FindingLine;
use super::{Paint, Scene, report};

/// The schema of the document.
const SCHEMA: &str = "lazuli.verify/1";

/// The whole report.
pub(crate) fn text(survey: &Survey, scene: &Scene) -> String {
    let (project, stack, target) = (&scene.project, &scene.stack, &scene.target);
    let mut text = format!("verify {project}, stack {stack}, for {target}\n\n");
    for finding in &survey.findings {
        let finding = report::finding(finding, scene);
        let _ = writeln!(text, "{}\n", finding.trim_end_matches('\n'));
    }
    for proof in &survey.proofs {
        let _ = writeln!(text, "{}", path(proof, scene.paint));
    }
    for what in &survey.waits_for {
        let line = format!("what is declared after {what} is not judged: it waits for the cloud");
        let _ = writeln!(text, "{}", scene.paint.dim(&line));
    }
    text + &scene.paint.bold(&summary(survey))
}

/// A line for each question below the claim.
fn path(proof: &Proof, paint: Paint) -> String {
    let claim = format!("{} {}", proof.urn.address(), proof.claim);
    let mut text = format!("{}: {}\n", paint.bold(&claim), verdict(proof, paint));
    for (at, step) in proof.steps.iter().enumerate() {
        let is_last = at + 1 == proof.steps.len();
        let branch = paint.dim(if is_last { "└─" } else { "├─" });
        let _ = writeln!(text, "{branch} {}", hop(step, paint));
        let margin = paint.dim(if is_last { "  " } else { "│ " });
        if let Some((_, location)) = &step.at {
            let code = step.code.unwrap_or_default();
            let _ = writeln!(text, "{margin}                     {code} at {location}");
        }
        if let Some(fix) = &step.fix {
            let _ = writeln!(text, "{margin}                     fix: {fix}");
        }
    }
    text
}

fn hop(step: &ProofStep, paint: Paint) -> String {
    let mark = format!("{:<7}", mark(step.status));
    let mark = match step.status {
        Status::Holds => paint.green(&mark),
        Status::Broken => paint.red(&mark),
        Status::Doubtful | Status::Open => paint.yellow(&mark),
        Status::NotApplicable => paint.dim(&mark),
    };
    format!("{mark} {:<11} {}", step.question, step.detail)
}

fn mark(status: Status) -> &'static str {
    match status {
        Status::Holds => "ok",
        Status::Broken => "BROKEN",
        Status::Doubtful => "broken?",
        Status::Open => "?",
        Status::NotApplicable => "-",
    }
}

fn verdict(proof: &Proof, paint: Paint) -> String {
    match proof.status() {
        Status::Broken => paint.red("broken"),
        Status::Doubtful => paint.yellow("broken, as far as this program says"),
        Status::Open => paint.yellow("cannot be judged before it is deployed"),
        Status::Holds | Status::NotApplicable => paint.green("proved"),
    }
}

/// `23 resources: 1 error, 2 warnings; 1 of 2 paths proved`.
fn summary(survey: &Survey) -> String {
    let count = |severity| {
        let findings = survey.findings.iter();
        findings
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let words = [
        (count(Severity::Error), "error"),
        (count(Severity::Warning), "warning"),
        (count(Severity::Note), "note"),
    ];
    let found = words.iter().filter(|(count, _)| *count > 0);
    let found: Vec<String> = found.map(|(count, word)| many(*count, word)).collect();
    let found = match found.is_empty() {
        true => "no findings".to_owned(),
        false => found.join(", "),
    };
    let proofs = survey.proofs.len();
    let proved = survey.proofs.iter();
    let proved = proved
        .filter(|proof| proof.status() == Status::Holds)
        .count();
    let proved = match proofs {
        0 => String::new(),
        _ => format!("; {proved} of {} proved", many(proofs, "path")),
    };
    format!("{}: {found}{proved}", many(survey.resources, "resource"))
}

fn many(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

/// The same as one document.
pub(crate) fn json(survey: &Survey, scene: &Scene) -> Json {
    let findings: Vec<FindingLine<'_>> = survey.findings.iter().map(Into::into).collect();
    json!({
        "schema": SCHEMA,
        "project": scene.project,
        "stack": scene.stack,
        "target": scene.target,
        "resources": survey.resources,
        "findings": findings,
        "paths": survey.proofs.iter().map(path_json).collect::<Vec<_>>(),
        "waits_for": survey.waits_for,
    })
}

fn path_json(proof: &Proof) -> Json {
    json!({
        "urn": proof.urn.as_str(),
        "place": {"file": &*proof.location.file, "line": proof.location.line},
        "claim": proof.claim,
        "standing": proof.status().as_str(),
        "hops": proof.steps.iter().map(hop_json).collect::<Vec<_>>(),
    })
}

fn hop_json(step: &ProofStep) -> Json {
    let at = step.at.as_ref().map(|(urn, location)| {
        json!({"urn": urn.as_str(), "place": {"file": &*location.file, "line": location.line}})
    });
    json!({
        "question": step.question,
        "standing": step.status.as_str(),
        "detail": step.detail,
        "code": step.code,
        "fix": step.fix,
        "at": at,
    })
}

#[cfg(test)]
mod tests {
    use lazuli_core::{SourceLocation, Urn};
    use lazuli_engine::Operation;

    use super::*;
    use crate::render::sample;

    fn step(question: &'static str, status: Status, detail: &str) -> ProofStep {
        ProofStep {
            question,
            status,
            detail: detail.to_owned(),
            code: None,
            fix: None,
            at: None,
            on: None,
            is_passed: false,
        }
    }

    fn survey() -> Survey {
        let urn = Urn::new("dev", "site", "group", "Microsoft.Web/sites", "app");
        let location = SourceLocation {
            file: "src/main.rs".into(),
            line: 42,
        };
        let broken = ProofStep {
            code: Some("LZ2011"),
            fix: Some("link the zone to the network".to_owned()),
            at: Some((urn.clone(), location.clone())),
            ..step("dns", Status::Broken, "the network is not linked")
        };
        let pull = Proof {
            urn: urn.clone(),
            location: location.clone(),
            claim: "pulls acr.azurecr.io/site:v1".to_owned(),
            target: None,
            steps: vec![
                step("plan", Status::Holds, "the plan has integration"),
                broken,
                step(
                    "endpoint",
                    Status::NotApplicable,
                    "the name does not lead to it",
                ),
            ],
        };
        let read = Proof {
            urn,
            location,
            claim: "reads secret of vault".to_owned(),
            target: None,
            steps: vec![step("role", Status::Open, "cannot be judged until known")],
        };
        Survey {
            findings: vec![sample::finding()],
            proofs: vec![pull, read],
            resources: 12,
            waits_for: vec!["the program".to_owned()],
        }
    }

    #[test]
    fn a_survey_reads_as_findings_and_paths() {
        insta::assert_snapshot!(text(&survey(), &sample::scene(Operation::Preview)));
    }

    #[test]
    fn a_survey_is_one_document() {
        let json = json(&survey(), &sample::scene(Operation::Preview));
        insta::assert_snapshot!(format!("{json:#}"));
    }

    #[test]
    fn a_survey_without_apps_says_nothing_of_paths() {
        let survey = Survey {
            resources: 1,
            ..Survey::default()
        };
        assert_eq!(summary(&survey), "1 resource: no findings");
    }
}
