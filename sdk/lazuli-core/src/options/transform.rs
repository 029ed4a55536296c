//! Rewriting what is declared, before the engine sees it: tags for everything,
//! `protect` for all databases, a policy for a component somebody else wrote.

use std::fmt;
use std::sync::Arc;

use crate::options::Options;
use crate::property::Property;

/// A declaration that a transform may rewrite. Type and name are its identity
/// and stay.
pub struct Declaration<'a> {
    /// The type, for example `Microsoft.Network/virtualNetworks`.
    pub ty: &'a str,
    /// The logical name.
    pub name: &'a str,
    /// Scopes, components and parents above it, joined by `/`.
    pub path: &'a str,
    /// The inputs.
    pub inputs: &'a mut Property,
    /// The options.
    pub options: &'a mut Options,
}

impl Declaration<'_> {
    /// Changes the options: `declaration.change_options(Options::protect)`.
    pub fn change_options(&mut self, change: impl FnOnce(Options) -> Options) {
        *self.options = change(std::mem::take(self.options));
    }
}

/// A rewriting of declarations.
#[derive(Clone)]
pub struct Transform(Arc<dyn Fn(&mut Declaration<'_>) + Send + Sync>);

impl Transform {
    /// Makes one of a function.
    pub fn new(rewrite: impl Fn(&mut Declaration<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(rewrite))
    }

    pub(crate) fn apply(&self, declaration: &mut Declaration<'_>) {
        (self.0)(declaration);
    }
}

impl fmt::Debug for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transform")
    }
}
