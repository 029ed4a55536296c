//! Sugar of App Service plans: what their apps run on.

use lazuli_core::{Property, Value};

use crate::resources::Declaration;

/// What the apps of a plan run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Os {
    /// Linux, for code and containers.
    Linux,
    /// Windows, for code.
    Windows,
    /// Windows containers.
    WindowsContainer,
}

/// Sets what App Service tells operating systems apart by: `reserved` means Linux.
pub(crate) fn describe(declaration: &mut Declaration, os: Os) {
    let mut put = |path: &str, value: Value| declaration.put(path, Property::Value(value));
    match os {
        Os::Linux => {
            put("kind", Value::from("linux"));
            put("properties.reserved", Value::from(true));
        }
        Os::Windows => put("properties.reserved", Value::from(false)),
        Os::WindowsContainer => {
            put("properties.reserved", Value::from(false));
            put("properties.hyperV", Value::from(true));
        }
    }
}

/// What the name `LinuxPlan` promises.
pub(crate) fn linux(declaration: &mut Declaration) {
    describe(declaration, Os::Linux);
}

/// What the name `WindowsContainerPlan` promises.
pub(crate) fn windows_container(declaration: &mut Declaration) {
    describe(declaration, Os::WindowsContainer);
}

/// What the name `ElasticPlan` promises: Linux, and the kind that scales with events.
pub(crate) fn elastic(declaration: &mut Declaration) {
    describe(declaration, Os::Linux);
    declaration.put("kind", Property::Value(Value::from("elastic")));
}
