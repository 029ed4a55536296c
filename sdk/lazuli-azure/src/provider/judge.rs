//! The provider's opinion without a cloud: facts, checks, rules and proofs. For
//! `verify`, which needs nobody to sign in.

use async_trait::async_trait;
use lazuli_core::{
    Declared, DeclaredNode, Diagnostic, NodeStyle, Observed, Progress, Proof, Provider,
    ProviderError, ProviderErrorKind, Recorded, TypeSchema,
};

use super::{check, facts};

/// Judges what a program declares, and carries nothing out.
#[derive(Debug, Clone, Copy, Default)]
pub struct OfflineProvider;

impl OfflineProvider {
    fn refusal() -> ProviderError {
        let what = "this provider only judges what is declared; it has no cloud";
        ProviderError::new(ProviderErrorKind::Refused, what)
    }
}

#[async_trait]
impl Provider for OfflineProvider {
    fn facts(&self, ty: &str) -> TypeSchema {
        facts::of(ty)
    }

    fn check(&self, desired: &Declared) -> Vec<Diagnostic> {
        check::check(desired)
    }

    fn verify(&self, declared: &[DeclaredNode]) -> Vec<Diagnostic> {
        crate::verify::verify(declared)
    }

    fn proofs(&self, declared: &[DeclaredNode]) -> Vec<Proof> {
        crate::verify::proofs(declared)
    }

    fn display(&self, declared: &[DeclaredNode]) -> Vec<NodeStyle> {
        crate::display::display(declared)
    }

    fn has_rule(&self, code: &str) -> bool {
        crate::verify::rule(code).is_some()
    }

    async fn create(&self, _: &Declared, _: &dyn Progress) -> Result<Observed, ProviderError> {
        Err(Self::refusal())
    }

    async fn read(&self, _: &Recorded) -> Result<Option<Observed>, ProviderError> {
        Err(Self::refusal())
    }

    async fn update(
        &self,
        _: &Recorded,
        _: &Declared,
        _: &dyn Progress,
    ) -> Result<Observed, ProviderError> {
        Err(Self::refusal())
    }

    async fn delete(&self, _: &Recorded, _: &dyn Progress) -> Result<(), ProviderError> {
        Err(Self::refusal())
    }
}
