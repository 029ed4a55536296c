//! What checks look at, and what they find.

use lazuli_arm::ResourceType;
use lazuli_core::{Declared, Diagnostic, Value};

use crate::generated::record;
use crate::record::Record;

/// Collects findings on one resource.
pub(crate) struct Findings<'a> {
    pub(super) desired: &'a Declared,
    found: Vec<Diagnostic>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(desired: &'a Declared) -> Self {
        Self {
            desired,
            found: Vec::new(),
        }
    }

    /// What was found.
    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.found
    }

    pub(super) fn ty(&self) -> ResourceType<'a> {
        ResourceType::new(self.desired.urn.ty())
    }

    pub(super) fn record(&self) -> Option<&'static Record> {
        record(self.ty())
    }

    /// The declared value at a path; none when absent or unknown.
    pub(super) fn known(&self, path: &str) -> Option<&'a Value> {
        self.desired
            .inputs
            .at(path)
            .filter(|value| !value.contains_unknown())
    }

    pub(super) fn text(&self, path: &str) -> Option<&'a str> {
        self.desired.inputs.at(path).and_then(Value::as_str)
    }

    /// The texts of a declared list; unknown ones are left out.
    pub(super) fn texts(&self, path: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let list = self
            .desired
            .inputs
            .at(path)
            .and_then(Value::as_list)
            .unwrap_or_default();
        list.iter().filter_map(Value::as_str)
    }

    pub(super) fn error(&mut self, code: &'static str, message: String, help: impl Into<String>) {
        self.add(Diagnostic::error(code, message), help);
    }

    pub(super) fn warning(&mut self, code: &'static str, message: String, help: impl Into<String>) {
        self.add(Diagnostic::warning(code, message), help);
    }

    fn add(&mut self, finding: Diagnostic, help: impl Into<String>) {
        self.found.push(finding.on(&self.desired.urn).help(help));
    }
}
