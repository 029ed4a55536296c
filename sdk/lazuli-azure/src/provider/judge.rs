//! The provider's opinion without a cloud: facts, checks, rules and proofs. For
//! `verify`, which needs nobody to sign in.

use async_trait::async_trait;
use lazuli_core::{
    Created, Declared, Desired, Diagnostic, Existing, Look, Progress, Proof, Provider,
    ProviderError, ProviderErrorKind, TypeFacts,
};

use super::{check, facts};

/// Judges what a program declares, and carries nothing out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Judge;

impl Judge {
    fn refusal() -> ProviderError {
        let what = "this provider only judges what is declared; it has no cloud";
        ProviderError::new(ProviderErrorKind::Refused, what)
    }
}

#[async_trait]
impl Provider for Judge {
    fn facts(&self, ty: &str) -> TypeFacts {
        facts::of(ty)
    }

    fn check(&self, desired: &Desired) -> Vec<Diagnostic> {
        check::check(desired)
    }

    fn verify(&self, declared: &[Declared]) -> Vec<Diagnostic> {
        crate::verify::verify(declared)
    }

    fn prove(&self, declared: &[Declared]) -> Vec<Proof> {
        crate::verify::prove(declared)
    }

    fn portray(&self, declared: &[Declared]) -> Vec<Look> {
        crate::portrait::portray(declared)
    }

    fn has_rule(&self, code: &str) -> bool {
        crate::verify::rule(code).is_some()
    }

    async fn create(&self, _: &Desired, _: &dyn Progress) -> Result<Created, ProviderError> {
        Err(Self::refusal())
    }

    async fn read(&self, _: &Existing) -> Result<Option<Created>, ProviderError> {
        Err(Self::refusal())
    }

    async fn update(
        &self,
        _: &Existing,
        _: &Desired,
        _: &dyn Progress,
    ) -> Result<Created, ProviderError> {
        Err(Self::refusal())
    }

    async fn delete(&self, _: &Existing, _: &dyn Progress) -> Result<(), ProviderError> {
        Err(Self::refusal())
    }
}
