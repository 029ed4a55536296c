//! Findings about a run as a whole: the program's own errors, exports without a value,
//! names on the command line that match nothing, and programs that wait for ever.

use lazuli_core::output::Peek;
use lazuli_core::program::ExportEntry;
use lazuli_core::{Diagnostic, SourceLocation};

use super::Run;
use crate::execute::Latest;

impl Run<'_> {
    /// Patterns and imports on the command line that name nothing.
    pub(super) fn unmatched(&self) -> Vec<Diagnostic> {
        let state = self.run_state.state();
        let nodes = self.graph.nodes.iter().map(|node| &node.registration.urn);
        let urns: Vec<_> = state.resources.keys().chain(nodes).collect();
        let patterns = self.settings.selection.unmatched(&urns);
        let patterns = patterns.into_iter().map(|pattern| pattern.as_str());
        let imports = self.settings.imports.keys().map(String::as_str);
        let imports = imports.filter(|key| {
            let declared = self.graph.nodes.iter().map(|node| &node.registration.urn);
            !declared
                .into_iter()
                .any(|urn| urn.as_str() == *key || urn.address() == *key)
        });
        let finding = |text: &str| {
            Diagnostic::error("LZ0018", format!("no resource is called {text:?}"))
                .help("`stack` lists what is deployed, `preview` what is declared; name one by its place, for example group/network")
        };
        patterns.chain(imports).map(finding).collect()
    }

    /// The program waits, but for nothing that this run is going to make.
    pub(super) fn deadlock(&self) -> Diagnostic {
        let waiting = self.latest.waiting();
        let waits: Vec<_> = waiting
            .iter()
            .map(|task| {
                let lines: Vec<_> = task.lines.iter().map(SourceLocation::to_string).collect();
                format!("{} waits at {}", task.kind, lines.join(", "))
            })
            .collect();
        let message = format!(
            "the program waits for something that never comes: {}",
            waits.join("; ")
        );
        let finding = Diagnostic::error("LZ0008", message)
            .help("look for a promise that is never fulfilled, or for values that wait for each other in a cycle");
        match waiting.iter().flat_map(|task| &task.lines).next() {
            Some(place) => finding.at(place.clone()),
            None => finding,
        }
    }
}

pub(super) fn waiting_for(latest: &Latest) -> Vec<String> {
    latest
        .waiting()
        .iter()
        .map(|task| format!("{} (started at {})", task.kind, task.at))
        .collect()
}

pub(super) fn program_errors(latest: &Latest) -> Vec<Diagnostic> {
    let finding = |error: &lazuli_core::Error| {
        let mut finding = Diagnostic::error("LZ0010", error.message());
        finding.location = error.location().cloned();
        finding.help = error.help().map(str::to_owned);
        finding.urn = error.output_error().and_then(|error| error.urn().cloned());
        finding
    };
    latest.errors().iter().map(finding).collect()
}

pub(super) fn failed_exports(exports: &[ExportEntry]) -> Vec<Diagnostic> {
    let failed = exports.iter().filter_map(|entry| match entry.value.peek() {
        Peek::Failed(error) => {
            let message = format!("the export `{}` has no value: {error}", entry.name);
            Some(Diagnostic::error("LZ0009", message).at(entry.at))
        }
        _ => None,
    });
    failed.collect()
}
