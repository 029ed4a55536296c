//! Flags of one run: what it is about, and how it goes about it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use lazuli_core::{Allowance, SourceLocation};
use lazuli_engine::whole_file::{self, Access};
use lazuli_engine::{Pattern, SavedPlan, Selection, Settings};

use crate::CliError;

/// Flags of `preview`, `up`, `destroy` and `refresh`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RunArgs {
    /// Only this resource, by its place or urn; `*` and `**` are wildcards. Repeatable
    #[arg(long, value_name = "PATTERN")]
    target: Vec<String>,
    /// Not this resource, nor what lies in it. Repeatable
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Delete what depends on deleted targets, too
    #[arg(long)]
    target_dependents: bool,
    /// Replace this resource, whatever differs. Repeatable
    #[arg(long, value_name = "PATTERN")]
    replace: Vec<String>,
    /// Read every resource first, and plan against what is really there
    #[arg(long)]
    refresh: bool,
    /// After a failure go on with what does not depend on it
    #[arg(long)]
    continue_on_error: bool,
    /// Delete and replace protected resources, too
    #[arg(long)]
    ignore_protect: bool,
    /// On destroy, run the program for its hooks around deletions
    #[arg(long)]
    run_program: bool,
    /// Accept a finding of this code; the reason is shown with it. Repeatable
    #[arg(long, value_name = "CODE=REASON")]
    allow: Vec<String>,
    /// Write the plan of this preview to a file, for `up --plan`
    #[arg(long, value_name = "FILE")]
    save_plan: Option<PathBuf>,
    /// Carry out exactly this saved plan, or nothing
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Draw how the run went: a page, or an SVG if the file is called so
    #[arg(long, value_name = "FILE")]
    pub(crate) timeline: Option<PathBuf>,
}

impl RunArgs {
    /// A run about one resource that is to be adopted.
    pub(crate) fn importing(place: &str) -> Self {
        Self {
            target: vec![place.to_owned()],
            ..Self::default()
        }
    }

    /// The settings with these flags in them.
    pub(crate) fn apply(&self, settings: Settings, folder: &Path) -> Result<Settings, CliError> {
        let saved_plan = self.plan.as_ref().map(|file| read_plan(&folder.join(file)));
        let receiver = self.save_plan.clone().map(|file| {
            let file = folder.join(file);
            let write: lazuli_engine::PlanReceiver = Arc::new(move |plan: SavedPlan| {
                let written = whole_file::replace(&file, plan.to_text().as_bytes(), Access::Usual);
                if let Err(cause) = written {
                    tracing::error!(file = %file.display(), %cause, "the plan was not saved");
                }
            });
            write
        });
        if let Some(file) = &self.save_plan {
            writable("--save-plan", &folder.join(file))?;
        }
        if let Some(file) = &self.timeline {
            writable("--timeline", &folder.join(file))?;
        }
        Ok(Settings {
            selection: Selection {
                targets: patterns("--target", &self.target)?,
                excludes: patterns("--exclude", &self.exclude)?,
                target_dependents: self.target_dependents,
                replace: patterns("--replace", &self.replace)?,
            },
            refresh: self.refresh,
            continue_on_error: self.continue_on_error,
            ignore_protect: self.ignore_protect,
            run_program: self.run_program,
            allowed: allowances(&self.allow)?,
            saved_plan: saved_plan.transpose()?,
            save_plan: receiver,
            ..settings
        })
    }
}

fn patterns(flag: &str, texts: &[String]) -> Result<Vec<Pattern>, CliError> {
    let read = |text: &String| {
        Pattern::parse(text).map_err(|reason| {
            CliError::usage(format!("{flag}: {reason}")).help(
                "name a resource by its place, for example group/network, or with `*` and `**`",
            )
        })
    };
    texts.iter().map(read).collect()
}

/// What `--allow` says.
pub(crate) fn allowances(texts: &[String]) -> Result<Vec<Allowance>, CliError> {
    texts.iter().map(|text| allowance(text)).collect()
}

fn allowance(text: &str) -> Result<Allowance, CliError> {
    match text.split_once('=') {
        Some((code, reason)) if !code.trim().is_empty() && !reason.trim().is_empty() => {
            Ok(Allowance {
                code: code.trim().to_owned(),
                reason: reason.trim().to_owned(),
                location: SourceLocation {
                    file: "--allow".into(),
                    line: 1,
                },
            })
        }
        _ => Err(
            CliError::usage(format!("--allow {text}: a code and a reason are wanted"))
                .help("write --allow LZ2009=\"the zone is linked by the platform team\""),
        ),
    }
}

fn read_plan(file: &Path) -> Result<SavedPlan, CliError> {
    let wrong = |reason: String| {
        CliError::usage(format!("--plan {}: {reason}", file.display()))
            .help("make one with `preview --save-plan FILE`")
    };
    let text = std::fs::read_to_string(file)
        .map_err(|cause| wrong(format!("it cannot be read: {cause}")))?;
    SavedPlan::parse(&text).map_err(wrong)
}

/// Says at once that a file could not be written, instead of after the run. A file
/// that was not there before is not there afterwards.
fn writable(flag: &str, file: &Path) -> Result<(), CliError> {
    let is_new = !file.exists();
    let opened = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(file);
    if is_new && opened.is_ok() {
        // What is left behind is empty, and written over.
        let _ = std::fs::remove_file(file);
    }
    opened.map(drop).map_err(|cause| {
        CliError::usage(format!(
            "{flag} {}: it cannot be written: {cause}",
            file.display()
        ))
        .help("name a file in a folder that you may write to")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(course: &RunArgs, folder: &Path) -> Result<Settings, CliError> {
        course.apply(Settings::new("p", "dev", folder.to_owned()), folder)
    }

    #[test]
    fn flags_reach_the_settings() {
        let folder = tempfile::tempdir().unwrap();
        let course = RunArgs {
            target: vec!["group/**".into()],
            replace: vec!["a".into()],
            refresh: true,
            allow: vec!["LZ2009=the hub links it".into()],
            save_plan: Some("plan.json".into()),
            ..RunArgs::default()
        };
        let settings = apply(&course, folder.path()).unwrap();
        assert!(settings.refresh && settings.save_plan.is_some());
        let plan = folder.path().join("plan.json");
        assert!(!plan.exists(), "no plan was made yet");
        assert_eq!(settings.selection.targets[0].as_str(), "group/**");
        assert_eq!(settings.selection.replace[0].as_str(), "a");
        assert_eq!(settings.allowed[0].reason, "the hub links it");
    }

    #[test]
    fn nonsense_is_refused_before_anything_runs() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("no-plan"), "{}").unwrap();
        let check = |course: RunArgs, expect: &str| {
            let error = apply(&course, folder.path()).map(|_| ()).unwrap_err();
            assert!(error.message().contains(expect), "{error}");
            assert_eq!(error.exit().code(), 2);
        };
        let target = vec!["a[".to_owned()];
        check(
            RunArgs {
                target,
                ..RunArgs::default()
            },
            "--target",
        );
        let allow = vec!["LZ2009".to_owned()];
        check(
            RunArgs {
                allow,
                ..RunArgs::default()
            },
            "a code and a reason",
        );
        let plan = |name: &str| RunArgs {
            plan: Some(name.into()),
            ..RunArgs::default()
        };
        check(plan("missing"), "cannot be read");
        check(plan("no-plan"), "not a saved plan");
        let save_plan = Some("no/such/folder/plan".into());
        check(
            RunArgs {
                save_plan,
                ..RunArgs::default()
            },
            "cannot be written",
        );
        let timeline = Some("no/such/folder/timeline.html".into());
        check(
            RunArgs {
                timeline,
                ..RunArgs::default()
            },
            "--timeline",
        );
    }
}
