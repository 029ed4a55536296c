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
//! | LZ1017 | a workspace keeps logs for as long as its plan does         | Azure Monitor |
//!
//! Checks of single types are functions that the types' records name. Unknown
//! values are skipped: they are checked by Azure when they are known.

mod findings;
pub(crate) mod image;
mod inputs;
mod names;
pub(crate) mod network;
mod references;
pub(crate) mod role;
pub(crate) mod site;
pub(crate) mod workspace;

use lazuli_arm::{ResourceId, ResourceType};
use lazuli_core::{Declared, Diagnostic};

use crate::generated::behaviours::behaviour;
use crate::generated::{api_version, types};
pub(crate) use findings::Findings;

/// All findings on a resource.
pub(super) fn check(desired: &Declared) -> Vec<Diagnostic> {
    let mut findings = Findings::new(desired);
    let ty = findings.ty();
    // What exists is not this program's to judge, and actions are no resources of ARM.
    if !is_ours(ty) {
        identity(&mut findings);
        names::check(&mut findings);
        inputs::check(&mut findings);
        references::check(&mut findings);
    }
    for check in behaviour(ty).checks {
        check(&mut findings);
    }
    findings.into_diagnostics()
}

/// Whether the type is one of this crate's own.
fn is_ours(ty: ResourceType<'_>) -> bool {
    ty.namespace()
        .eq_ignore_ascii_case(types::EXISTING.namespace())
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
            Ok(parsed) if !parsed.is_of(ty) => findings.error(
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
