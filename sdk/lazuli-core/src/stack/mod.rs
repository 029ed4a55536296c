//! What a program declares resources with: the stack, scopes, handles, components.

mod component;
mod core;
mod handle;
mod scope;

use std::panic::Location;
use std::rc::Rc;

pub use self::component::{Component, ComponentParent};
pub(crate) use self::core::Core;
pub use self::core::Settlement;
pub use self::handle::{AsResource, Handle, Resources};
pub use self::scope::{ResourceSpec, Scope};
use crate::config::Config;
use crate::diagnostic::Allowance;
use crate::error::{Error, Result};
use crate::executor::TaskKind;
use crate::input::Exportable;
use crate::options::{Declaration, OptionValues, Transform};
use crate::output::{self, Output, OutputValue};
use crate::reference::StackReference;
use crate::urn;

/// The stack: the scope where a program begins to declare. It stays on the
/// program's thread; tasks that declare resources are started with
/// [`Stack::spawn`] and [`Stack::scope`].
#[derive(Clone)]
pub struct Stack {
    scope: Scope,
}

impl Stack {
    pub(crate) fn root(core: &Rc<Core>) -> Self {
        let scope = Scope {
            core: core.clone(),
            path: "".into(),
            token: core.open(""),
            parent: None,
            inherited: OptionValues::default().into(),
            former_paths: [].into(),
        };
        Self { scope }
    }

    /// The stack's name, for example `dev`.
    pub fn name(&self) -> &str {
        &self.scope.core.environment.stack
    }

    /// The project's name.
    pub fn project(&self) -> &str {
        &self.scope.core.environment.project
    }

    /// Where resources at the top are declared.
    pub fn as_scope(&self) -> &Scope {
        &self.scope
    }

    /// The stack's configuration: `config set`, `lazuli.STACK.toml`, `--set key=value`.
    pub fn config(&self) -> Config {
        Config {
            values: self.scope.core.environment.config.clone(),
        }
    }

    /// Publishes a value under a name; `output NAME` prints it.
    #[track_caller]
    pub fn export(&self, name: &str, value: impl Exportable) {
        self.scope.core.export(name, value.into_export());
    }

    /// Turns the findings with a code (`LZ2011`) into notes that show the reason they
    /// are accepted. A code that no rule has is an error.
    #[track_caller]
    pub fn allow(&self, code: &str, reason: &str) {
        self.scope.core.allowed.borrow_mut().push(Allowance {
            code: code.to_owned(),
            reason: reason.to_owned(),
            location: Location::caller().into(),
        });
    }

    /// Runs a future beside the topology. Its error fails the program.
    #[track_caller]
    pub fn spawn<T: OutputValue>(
        &self,
        future: impl Future<Output = Result<T>> + 'static,
    ) -> Output<T> {
        let core = self.scope.core.clone();
        let report = move |error: &Error| core.report(error.clone());
        output::spawn_output(
            &self.scope.core.executor,
            TaskKind::Spawned,
            Location::caller(),
            future,
            report,
        )
    }

    /// Opens a scope: what its future declares is grouped under the name, and
    /// what it declared last time is kept, undecided, until the future ends.
    #[track_caller]
    pub fn scope<T, F>(&self, name: &str, declare: impl FnOnce(Stack) -> F) -> Output<T>
    where
        T: OutputValue,
        F: Future<Output = Result<T>> + 'static,
    {
        let at = Location::caller();
        let path = self.scope.child_path(name);
        let token = self.scope.core.open(&path);
        let former = self.scope.former_paths.iter();
        let inner = Stack {
            scope: Scope {
                path: path.into(),
                token,
                former_paths: former.map(|above| format!("{above}/{name}")).collect(),
                ..self.scope.clone()
            },
        };
        if let Err(problem) = urn::check_name(name) {
            self.scope.core.report(Error::new(problem.to_string()));
        }
        let core = self.scope.core.clone();
        let report = move |error: &Error| core.report(error.clone());
        let future = declare(inner);
        output::spawn_output(
            &self.scope.core.executor,
            TaskKind::Scope(name.to_owned()),
            at,
            future,
            report,
        )
    }

    /// Rewrites everything that is declared in the stack from here on, after the
    /// transforms of the resources and components themselves.
    pub fn transform(&self, rewrite: impl Fn(&mut Declaration<'_>) + Send + Sync + 'static) {
        let mut transforms = self.scope.core.transforms.borrow_mut();
        transforms.push(Transform::new(rewrite));
    }

    /// What another stack exports: `network`, or `PROJECT/STACK` for another
    /// project's. The other stack's state is read as it is now.
    ///
    /// # Errors
    /// There is no such stack, or its state cannot be read.
    #[track_caller]
    pub fn reference(&self, stack: &str) -> Result<StackReference> {
        let environment = &self.scope.core.environment;
        StackReference::read(&environment.stacks, &environment.project, stack)
    }

    /// Opens once the plan is approved, or at once when there is nothing to do;
    /// never in a preview. Side effects of the program wait for it.
    pub fn approved(&self) -> Output<()> {
        self.scope.core.approved.clone()
    }
}
