//! The schema of Azure: types, checks, rules and proofs, without a client. `verify`
//! and unit tests need no more than this.

use std::sync::Arc;
use std::time::Duration;

use lazuli_core::{
    Declared, DeclaredNode, Diagnostic, Lifecycle, NodeStyle, Proof, Schema, TypeSchema,
};

use super::{check, estimate, facts, lock_keys};

/// What is known of Azure's resource types without signing in.
#[derive(Debug, Clone, Copy, Default)]
pub struct AzureSchema;

impl Schema for AzureSchema {
    fn type_schema(&self, ty: &str) -> Arc<TypeSchema> {
        facts::of(ty)
    }

    fn check(&self, declared: &Declared) -> Vec<Diagnostic> {
        check::check(declared)
    }

    fn verify(&self, declared: &[DeclaredNode]) -> Vec<Diagnostic> {
        crate::verify::verify(declared)
    }

    fn proofs(&self, declared: &[DeclaredNode]) -> Vec<Proof> {
        crate::verify::proofs(declared)
    }

    fn has_rule(&self, code: &str) -> bool {
        crate::verify::rule(code).is_some()
    }

    fn display(&self, declared: &[DeclaredNode]) -> Vec<NodeStyle> {
        crate::display::display(declared)
    }

    fn lock_keys(&self, declared: &Declared) -> Vec<String> {
        lock_keys::keys(declared)
    }

    fn estimate(&self, declared: &Declared, lifecycle: Lifecycle) -> Duration {
        estimate::of(declared.urn.ty(), lifecycle)
    }
}
