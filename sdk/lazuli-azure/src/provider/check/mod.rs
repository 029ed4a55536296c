//! Checks of one resource on its own, before anything is sent.
//!
//! | code   | rule                                                        | source |
//! |--------|-------------------------------------------------------------|--------|
//! | LZ1001 | a name has the length and characters of its type            | Azure's naming rules |
//! | LZ1002 | what Azure requires is there                                | schema |
//! | LZ1003 | a location is not blank                                     | ARM contract |
//! | LZ1004 | a location is written as one word in lower case (warning)   | ARM contract |
//! | LZ1005 | an address range is a CIDR block with zeros behind its mask | `InvalidCIDRNotation` |
//! | LZ1006 | a subnet is no smaller than /29, or exactly /64             | network limits |
//! | LZ1007 | an image reference has no scheme                            | App Service |
//! | LZ1008 | an id names a resource of the right type                    | ARM contract |
//! | LZ1009 | a role assignment names a principal and a role by GUID      | role-based access control |
//! | LZ1010 | the pulling identity is named by its client id              | App Service |
//! | LZ1011 | an image is `repository:tag`                                | OCI distribution |
//! | LZ1012 | a build context is a folder below the program's             | this crate |
//! | LZ1013 | at most 50 tags, keys to 512 and values to 256 characters   | ARM limits |
//! | LZ1014 | an app setting has a name, and has it once                  | App Service |
//! | LZ1015 | a type without a builder names its version                  | ARM contract |
//! | LZ1016 | private DNS zones and their links are `global`              | `LocationNotAvailableForResourceType` |
//!
//! Unknown values are skipped: they are checked by Azure when they are known.

mod inputs;
mod names;
mod types;

use lazuli_arm::ResourceId;
use lazuli_core::{Declared, Diagnostic, Value};

use crate::generated::api_version;

/// All findings on a resource.
pub(super) fn check(desired: &Declared) -> Vec<Diagnostic> {
    let mut findings = Findings {
        desired,
        found: Vec::new(),
    };
    if desired
        .urn
        .ty()
        .eq_ignore_ascii_case(crate::image::ImageBuild::TYPE)
    {
        types::image_build(&mut findings);
        return findings.found;
    }
    // What exists is not this program's to judge, and actions are no resources of ARM.
    if is_ours(desired.urn.ty()) {
        return findings.found;
    }
    identity(&mut findings);
    names::check(&mut findings);
    inputs::check(&mut findings);
    types::check(&mut findings);
    findings.found
}

/// Whether the type is one of this crate's own.
fn is_ours(ty: &str) -> bool {
    let ours = "Lazuli.Azure/";
    ty.get(..ours.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(ours))
}

/// Collects findings on one resource.
struct Findings<'a> {
    desired: &'a Declared,
    found: Vec<Diagnostic>,
}

impl<'a> Findings<'a> {
    fn ty(&self) -> &'a str {
        self.desired.urn.ty()
    }

    fn is(&self, ty: &str) -> bool {
        self.ty().eq_ignore_ascii_case(ty)
    }

    /// The declared value at a path; none when absent or unknown.
    fn known(&self, path: &str) -> Option<&'a Value> {
        self.desired
            .inputs
            .at(path)
            .filter(|value| !value.contains_unknown())
    }

    fn text(&self, path: &str) -> Option<&'a str> {
        self.desired.inputs.at(path).and_then(Value::as_str)
    }

    /// The texts of a declared list; unknown ones are left out.
    fn texts(&self, path: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let list = self
            .desired
            .inputs
            .at(path)
            .and_then(Value::as_list)
            .unwrap_or_default();
        list.iter().filter_map(Value::as_str)
    }

    fn error(&mut self, code: &'static str, message: String, help: impl Into<String>) {
        self.add(Diagnostic::error(code, message), help);
    }

    fn warning(&mut self, code: &'static str, message: String, help: impl Into<String>) {
        self.add(Diagnostic::warning(code, message), help);
    }

    fn add(&mut self, finding: Diagnostic, help: impl Into<String>) {
        self.found.push(finding.on(&self.desired.urn).help(help));
    }
}

/// LZ1008 and LZ1015: what the resource is.
fn identity(findings: &mut Findings<'_>) {
    let ty = findings.ty();
    if let Some(id) = &findings.desired.id {
        match ResourceId::parse(id) {
            Err(cause) => findings.error(
                "LZ1008",
                cause.to_string(),
                "a name must be one segment of a path, without `/`",
            ),
            Ok(parsed) if !parsed.resource_type().eq_ignore_ascii_case(ty) => findings.error(
                "LZ1008",
                format!(
                    "`{id}` is the id of a {}, not of a {ty}",
                    parsed.resource_type()
                ),
                "declare the resource under a parent of the right type",
            ),
            Ok(_) => {}
        }
    }
    let version = findings.desired.inputs.at("apiVersion");
    if version.is_none() && api_version(ty).is_none() {
        findings.error(
            "LZ1015",
            format!("no API version is known for the type {ty}"),
            format!("declare it with a version: `ArmResource::builder(&parent, \"{ty}@2024-01-01\", ..)`"),
        );
    }
}

#[cfg(test)]
mod tests;
