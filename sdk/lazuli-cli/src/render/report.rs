//! Findings and failures as reports: the code, what is wrong, the line of the
//! program it is about, and the next step.

use std::fmt;
use std::path::{Path, PathBuf};

use lazuli_core::{Diagnostic, Related, Severity, SourceLocation, Urn};
use lazuli_engine::Failure;
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

use super::visible::shortened;
use super::{Paint, Scene};
use crate::CliError;

/// One thing to say, ready for printing.
#[derive(Debug)]
pub(crate) struct Report {
    severity: Severity,
    code: Option<String>,
    message: String,
    help: Option<String>,
    source: Option<Quote>,
}

/// Lines of a file of the user's program.
#[derive(Debug)]
struct Quote {
    text: NamedSource<String>,
    labels: Vec<LabeledSpan>,
}

/// Shows a finding of a plan.
pub(crate) fn finding(finding: &Diagnostic, scene: &Scene) -> String {
    let about = about(finding.urn.as_ref(), finding.location.as_ref());
    let message = with_line(&shortened(&finding.message), about);
    let related = finding.related.iter().map(elsewhere);
    let source = finding.source.map(|url| format!("see {url}"));
    let report = Report {
        severity: finding.severity,
        code: Some(finding.code.to_owned()),
        message: related.fold(message, |message, line| with_line(&message, Some(line))),
        help: joined(finding.help.clone(), source),
        source: quote(
            finding.location.as_ref(),
            finding.urn.as_ref(),
            &scene.folder,
        )
        .map(|quote| quote.and(finding.location.as_ref(), &finding.related)),
    };
    report.render(scene.paint, scene.width)
}

/// Shows a failed step.
pub(crate) fn failure(failure: &Failure, scene: &Scene) -> String {
    let message = format!(
        "{} of {} failed: {}",
        failure.op.as_str(),
        failure.urn.address(),
        shortened(&failure.message)
    );
    let message = with_line(
        &message,
        about(Some(&failure.urn), failure.location.as_ref()),
    );
    let left = failure
        .left
        .as_ref()
        .map(|left| format!("the state now: {left}"));
    let report = Report {
        severity: Severity::Error,
        code: failure.code.clone(),
        message: with_line(&message, left),
        help: failure.help.clone(),
        source: quote(failure.location.as_ref(), Some(&failure.urn), &scene.folder),
    };
    report.render(scene.paint, scene.width)
}

/// Shows an error that arose outside of the engine.
pub(crate) fn cli_error(error: &CliError, paint: Paint) -> String {
    plain_error(error.message(), error.next_step(), paint)
}

/// Shows an error without a location.
pub(crate) fn plain_error(message: &str, help: Option<&str>, paint: Paint) -> String {
    let message = shortened(message);
    let mut lines = vec![format!("{} {message}", paint.red("error:"))];
    lines.extend(help.map(|help| format!("  {} {help}", paint.bold("next:"))));
    lines.join("\n")
}

/// `group/app (Microsoft.Web/sites), src/main.rs:42`.
fn about(urn: Option<&Urn>, location: Option<&SourceLocation>) -> Option<String> {
    let resource = urn.map(|urn| format!("{} ({})", urn.address(), urn.ty()));
    let parts: Vec<_> = resource
        .into_iter()
        .chain(location.map(SourceLocation::to_string))
        .collect();
    (!parts.is_empty()).then(|| format!("at {}", parts.join(", ")))
}

/// `group/net (Microsoft.Network/virtualNetworks), src/main.rs:12: the network`.
fn elsewhere(related: &Related) -> String {
    let (urn, location) = (&related.urn, &related.location);
    format!(
        "see {} ({}), {location}: {}",
        urn.address(),
        urn.ty(),
        related.text
    )
}

fn joined(help: Option<String>, source: Option<String>) -> Option<String> {
    let parts: Vec<_> = help.into_iter().chain(source).collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

fn with_line(text: &str, line: Option<String>) -> String {
    line.map_or_else(|| text.to_owned(), |line| format!("{text}\n{line}"))
}

/// The line of the program, if its file can be read. A build on another machine
/// has no sources, and the report is complete without them.
fn quote(location: Option<&SourceLocation>, urn: Option<&Urn>, folder: &Path) -> Option<Quote> {
    let location = location?;
    let text = std::fs::read_to_string(source_file(&location.file, folder)?).ok()?;
    let label = urn.map_or_else(|| "here".to_owned(), Urn::address);
    let label = label_at(&text, location.line, label)?;
    Some(Quote {
        text: NamedSource::new(&location.file, text),
        labels: vec![label],
    })
}

/// Labels the code of a line; blank lines have none.
fn label_at(text: &str, line: u32, label: String) -> Option<LabeledSpan> {
    let index = usize::try_from(line.checked_sub(1)?).ok()?;
    let start: usize = text.split_inclusive('\n').take(index).map(str::len).sum();
    let line = text.split_inclusive('\n').nth(index)?;
    let (code, indent) = (line.trim(), line.len() - line.trim_start().len());
    let span = start + indent..start + indent + code.len();
    (!code.is_empty()).then(|| LabeledSpan::at(span, label))
}

impl Quote {
    /// Labels what lies in the same file, each line once.
    fn and(mut self, location: Option<&SourceLocation>, related: &[Related]) -> Self {
        let mut lines: Vec<u32> = location.map(|location| location.line).into_iter().collect();
        for one in related {
            let here = location.is_some_and(|location| location.file == one.location.file);
            if here && !lines.contains(&one.location.line) {
                let label = label_at(self.text.inner(), one.location.line, one.text.clone());
                self.labels.extend(label);
                lines.push(one.location.line);
            }
        }
        self
    }
}

/// The compiler names files from the root of the workspace, which is the
/// project's folder or one above it.
fn source_file(file: &str, folder: &Path) -> Option<PathBuf> {
    folder
        .ancestors()
        .take(4)
        .map(|above| above.join(file))
        .find(|path| path.is_file())
}

impl Report {
    fn render(&self, paint: Paint, width: usize) -> String {
        let theme = if paint.is_colour() {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(width)
            .with_context_lines(0)
            .with_links(false);
        let mut text = String::new();
        match handler.render_report(&mut text, self) {
            Ok(()) => text,
            // A source that miette cannot quote must not hide the message.
            Err(_) => plain_error(&self.message, self.help.as_deref(), paint),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let severity = self.severity.as_str();
        let text = match &self.code {
            Some(code) => format!("{severity}[{code}]"),
            None => severity.to_owned(),
        };
        Some(Box::new(text))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source
            .as_ref()
            .map(|quote| &quote.text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let quote = self.source.as_ref()?;
        Some(Box::new(quote.labels.iter().cloned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn a_finding_quotes_the_line_it_is_about() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("examples/site");
        std::fs::create_dir_all(&project).unwrap();
        let file = "examples/site/main.rs";
        std::fs::write(
            folder.path().join(file),
            "fn main() {\n    let app = WebApp::new();\n}\n",
        )
        .unwrap();
        let scene = Scene {
            folder: project,
            ..sample::scene(lazuli_engine::Operation::Preview)
        };
        let location = SourceLocation {
            file: file.into(),
            line: 2,
        };
        let text = finding(&sample::finding().at(location.clone()), &scene);
        for part in [
            "error[LZ2001]",
            "let app = WebApp::new();",
            "examples/site/main.rs:2",
            "help: ",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let beyond = SourceLocation {
            line: 99,
            ..location
        };
        let text = finding(&sample::finding().at(beyond), &scene);
        assert!(
            text.contains("examples/site/main.rs:99") && !text.contains("WebApp::new"),
            "{text}"
        );
    }

    #[test]
    fn a_finding_names_the_other_lines_and_its_source() {
        let folder = tempfile::tempdir().unwrap();
        let text = "fn main() {\n    let net = network();\n    let app = app();\n}\n";
        std::fs::write(folder.path().join("main.rs"), text).unwrap();
        let scene = Scene {
            folder: folder.path().to_owned(),
            ..sample::scene(lazuli_engine::Operation::Preview)
        };
        let location = |line| SourceLocation {
            file: "main.rs".into(),
            line,
        };
        let net = Urn::new("dev", "p", "", "Microsoft.Network/virtualNetworks", "net");
        let found = sample::finding()
            .at(location(3))
            .related(&net, location(2), "the network without the link")
            .source("https://learn.microsoft.com/azure/dns");
        let text = finding(&found, &scene);
        for part in [
            "let app = app();",
            "let net = network();",
            "main.rs:2: the network without the link",
            "see https://learn.microsoft.com/azure/dns",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn reports_read_well_without_sources() {
        let scene = sample::scene(lazuli_engine::Operation::Up);
        insta::assert_snapshot!("finding", finding(&sample::finding(), &scene));
        insta::assert_snapshot!("failure", failure(&sample::failure(), &scene));
    }
}
