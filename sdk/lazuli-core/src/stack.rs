//! What a program declares resources with: the stack, places, handles, components.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use crate::config::Config;
use crate::diagnostic::Allowance;
use crate::error::{Error, OutputError, Result};
use crate::executor::{self, Deps, Executor, NodeId, Provenance, lock};
use crate::input::Exportable;
use crate::options::{Declaration, Options, Transform, alias};
use crate::output::{self, Cell as OutputCell, Data, Output, OutputValue, Source};
use crate::program::{Environment, ExportEntry, Registration, RegistrationKind};
use crate::property::Property;
use crate::reference::StackReference;
use crate::urn::{self, Urn};
use crate::value::{FromValue, Value};

/// The running program: what registrations, scopes and exports are collected in.
/// Lives on the program's thread.
pub(crate) struct Core {
    pub(crate) executor: Rc<Executor>,
    pub(crate) environment: Environment,
    pub(crate) registrations: RefCell<Vec<Registration>>,
    pub(crate) exports: RefCell<Vec<ExportEntry>>,
    pub(crate) errors: RefCell<Vec<Error>>,
    pub(crate) allowed: RefCell<Vec<Allowance>>,
    pub(crate) approved: Output<()>,
    /// Those of resources that are not settled yet.
    cells: RefCell<Vec<Option<ResourceCells>>>,
    /// Texts that many resources have in common: providers, paths of properties.
    texts: RefCell<BTreeSet<Arc<str>>>,
    scopes: RefCell<HashMap<String, Weak<ScopeToken>>>,
    transforms: RefCell<Vec<Transform>>,
    /// Options of everything that asks for nothing: most resources share them.
    plain: Arc<Options>,
    next: Cell<u32>,
}

/// The two write sides of a registered resource.
#[derive(Clone)]
struct ResourceCells {
    early: Arc<OutputCell<Value>>,
    full: Arc<OutputCell<Value>>,
}

/// Alive as long as somebody can declare resources in a scope.
struct ScopeToken;

impl Core {
    pub(crate) fn new(executor: Rc<Executor>, environment: Environment) -> Rc<Self> {
        Rc::new(Self {
            executor,
            environment,
            registrations: RefCell::default(),
            exports: RefCell::default(),
            errors: RefCell::default(),
            allowed: RefCell::default(),
            approved: Output(OutputCell::pending(Source::Program, Location::caller())),
            cells: RefCell::default(),
            texts: RefCell::default(),
            scopes: RefCell::default(),
            transforms: RefCell::default(),
            plain: Arc::default(),
            next: Cell::new(0),
        })
    }

    pub(crate) fn root(self: &Rc<Self>) -> Stack {
        let token = self.open("");
        let scope = Scope {
            core: self.clone(),
            path: "".into(),
            token,
            parent: None,
            inherited: Options::default().into(),
            former_paths: [].into(),
        };
        Stack { scope }
    }

    fn open(&self, path: &str) -> Rc<ScopeToken> {
        let mut scopes = self.scopes.borrow_mut();
        if let Some(token) = scopes.get(path).and_then(Weak::upgrade) {
            return token;
        }
        let token = Rc::new(ScopeToken);
        scopes.insert(path.to_owned(), Rc::downgrade(&token));
        token
    }

    /// Paths of the scopes in which something may still be declared.
    pub(crate) fn open_scopes(&self) -> Vec<String> {
        let scopes = self.scopes.borrow();
        let mut open: Vec<_> = scopes
            .iter()
            .filter(|(_, token)| token.strong_count() > 0)
            .map(|(path, _)| path.clone())
            .collect();
        open.sort();
        open
    }

    /// Settles what is known of a resource before it is deployed, or all of it.
    pub(crate) fn settle(&self, id: NodeId, settlement: Settlement) {
        let cells = self
            .cells
            .borrow_mut()
            .get_mut(id.index())
            .and_then(|cells| {
                match settlement {
                    Settlement::Early(_) => cells.clone(),
                    // Nothing more is said of it, so its cells are their readers' alone.
                    Settlement::Full(_) | Settlement::Failed(_) => cells.take(),
                }
            });
        let Some(cells) = cells else { return };
        let provenance = Provenance {
            deps: Deps::One(id),
            secret: false,
        };
        match settlement {
            Settlement::Early(outputs) => cells.early.settle(Data {
                value: Ok(outputs),
                provenance,
            }),
            Settlement::Full(outputs) => {
                // What is not held early is taken from the full answer.
                cells.early.settle(Data {
                    value: Ok(Value::Null),
                    provenance: provenance.clone(),
                });
                cells.full.settle(Data {
                    value: Ok(outputs),
                    provenance,
                });
            }
            Settlement::Failed(error) => {
                cells.early.settle(Data {
                    value: Ok(Value::Null),
                    provenance: provenance.clone(),
                });
                cells.full.settle(Data {
                    value: Err(Box::new(error)),
                    provenance,
                });
            }
        }
    }

    /// The one copy of a text.
    fn text(&self, text: &str) -> Arc<str> {
        let mut texts = self.texts.borrow_mut();
        if let Some(known) = texts.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        texts.insert(new.clone());
        new
    }

    fn report(&self, error: Error) {
        self.errors.borrow_mut().push(error);
    }
}

/// What the engine tells the program about a resource.
#[derive(Debug, Clone)]
pub enum Settlement {
    /// Outputs that an update cannot change; the rest stays pending.
    Early(Value),
    /// The resource is as declared; these are its outputs.
    Full(Value),
    /// It failed or was skipped.
    Failed(OutputError),
}

/// Where resources are declared: a path, a scope, a parent, inherited options.
#[derive(Clone)]
pub struct Scope {
    core: Rc<Core>,
    path: Arc<str>,
    token: Rc<ScopeToken>,
    parent: Option<NodeId>,
    inherited: Arc<Options>,
    /// Paths this scope had before something above it was renamed.
    former_paths: Arc<[String]>,
}

/// What a typed builder hands over to declare one resource.
pub struct ResourceSpec {
    /// Name of the provider that serves it, for example `azure`.
    pub provider: &'static str,
    /// The type, for example `Microsoft.Network/virtualNetworks`.
    pub ty: String,
    /// The logical name.
    pub name: String,
    /// The cloud's id, where it follows from names alone.
    pub id: Option<Output<String>>,
    /// The inputs.
    pub inputs: Property,
    /// The options.
    pub options: Options,
    /// Where the program declares it.
    pub at: &'static Location<'static>,
}

impl Scope {
    /// Scopes, components and parents above, joined by `/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is known about the run: names, config, cloud.
    pub fn environment(&self) -> &Environment {
        &self.core.environment
    }

    fn child_path(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.path)
        }
    }

    fn urn(&self, ty: &str, name: &str) -> Urn {
        let environment = &self.core.environment;
        Urn::new(
            &environment.stack,
            &environment.project,
            &self.path,
            ty,
            name,
        )
    }

    /// Declares a resource. A name that a urn cannot hold is reported with the
    /// other findings of the graph; the handle is usable all the same.
    pub fn register(&self, spec: ResourceSpec) -> Handle {
        self.declare(spec, false)
    }

    /// Looks at a resource that exists without the program: it is read, never
    /// changed and never deleted. That it is not there fails the preview. Its id
    /// must be given.
    pub fn existing(&self, spec: ResourceSpec) -> Handle {
        self.declare(spec, true)
    }

    fn declare(&self, mut spec: ResourceSpec, existing: bool) -> Handle {
        let (id_output, name) = (spec.id.clone(), spec.name.clone());
        let mut options = std::mem::take(&mut spec.options).inherit(&self.inherited);
        self.transform(&mut spec, &mut options);
        let provider = match &options.provider {
            Some(instance) if instance.split('/').next() == Some(spec.provider) => instance,
            _ => spec.provider,
        };
        let provider = self.core.text(provider);
        let inherited = self.inherited_by_children(&options);
        let kind = RegistrationKind::Resource {
            provider,
            id: spec.id,
            inputs: spec.inputs.collapsed(),
            existing,
        };
        let added = self.add(kind, &spec.ty, &name, options, spec.at);
        let early = Output(added.cells.early);
        let full = Output(added.cells.full);
        let predicted = id_output.map(|id| id.with_deps(Deps::One(added.index)));
        let scope = Scope {
            core: self.core.clone(),
            path: self.child_path(&name).into(),
            token: self.token.clone(),
            parent: Some(added.index),
            inherited,
            former_paths: added.former_paths,
        };
        let id = predicted
            .clone()
            .unwrap_or_else(|| Output::of(String::new()));
        let handle = Handle {
            index: added.index,
            urn: added.urn,
            id,
            early,
            full,
            scope,
            at: spec.at,
        };
        match predicted {
            Some(_) => handle,
            None => Handle {
                id: handle.property("id"),
                ..handle
            },
        }
    }

    /// Children of a resource take over what it was given itself, too, except
    /// what is about that one resource.
    fn inherited_by_children(&self, options: &Options) -> Arc<Options> {
        let plain = options.protect == self.inherited.protect
            && options.retain_on_delete == self.inherited.retain_on_delete
            && options.deleted_with == self.inherited.deleted_with
            && options.provider == self.inherited.provider
            && options.transforms.len() == self.inherited.transforms.len();
        if plain {
            self.inherited.clone()
        } else {
            Arc::new(options.for_children())
        }
    }

    /// Its own transforms first, then those of the parents from the inside out,
    /// then those of the stack.
    fn transform(&self, spec: &mut ResourceSpec, options: &mut Options) {
        let mut transforms = options.transforms.clone();
        transforms.extend(self.core.transforms.borrow().iter().cloned());
        for transform in transforms {
            transform.apply(&mut Declaration {
                ty: &spec.ty,
                name: &spec.name,
                path: &self.path,
                inputs: &mut spec.inputs,
                options,
            });
        }
    }

    fn add(
        &self,
        kind: RegistrationKind,
        ty: &str,
        name: &str,
        options: Options,
        at: &'static Location<'static>,
    ) -> Added {
        let index = NodeId(self.core.next.replace(self.core.next.get() + 1));
        let urn = self.urn(ty, name);
        let whole = self.core.text("");
        let cells = ResourceCells {
            early: OutputCell::pending(Source::Resource(index, whole.clone()), at),
            full: OutputCell::pending(Source::Resource(index, whole), at),
        };
        self.core.cells.borrow_mut().push(Some(cells.clone()));
        let ambient = executor::ambient();
        let mut edges = ambient.deps.as_slice().to_vec();
        edges.extend(self.parent);
        edges.extend(options.depends_on.iter().copied());
        let aliases = alias::former_urns(&urn, &options.aliases, &self.former_paths);
        let former_paths = alias::former_paths(&aliases).into();
        lock(&self.core.executor.shared.edges).push(Deps::from_ids(edges));
        self.core.registrations.borrow_mut().push(Registration {
            index,
            urn: urn.clone(),
            name_problem: urn::check_name(name).err().map(Box::new),
            parent: self.parent,
            kind,
            options: match options.is_plain() {
                true => self.core.plain.clone(),
                false => Arc::new(options),
            },
            aliases: aliases.into(),
            ambient,
            at,
        });
        Added {
            index,
            urn,
            cells,
            former_paths,
        }
    }
}

/// A registration as it was just made.
struct Added {
    index: NodeId,
    urn: Urn,
    cells: ResourceCells,
    former_paths: Arc<[String]>,
}

/// The stack: the scope where a program begins to declare. It stays on the
/// program's thread; tasks that declare resources are started with
/// [`Stack::spawn`] and [`Stack::scope`].
#[derive(Clone)]
pub struct Stack {
    scope: Scope,
}

impl Stack {
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
        let at = Location::caller();
        let value = crate::property::resolve(value.into_export());
        let entry = ExportEntry {
            name: name.to_owned(),
            value,
            at,
        };
        self.scope.core.exports.borrow_mut().push(entry);
    }

    /// Turns the findings with a code (`LZ2011`) into notes that show the reason:
    /// who sees to it instead. A code that no rule has is an error.
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
            "task".to_owned(),
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
            format!("scope {name}"),
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
        StackReference::read(&self.scope.core.environment, stack)
    }

    /// Opens once the plan is approved, or at once when there is nothing to do;
    /// never in a preview. Deeds of the program's own wait for it.
    pub fn approved(&self) -> Output<()> {
        self.scope.core.approved.clone()
    }
}

/// An untyped handle of a declared resource; typed resources wrap it.
#[derive(Clone)]
pub struct Handle {
    index: NodeId,
    urn: Urn,
    id: Output<String>,
    early: Output<Value>,
    full: Output<Value>,
    scope: Scope,
    at: &'static Location<'static>,
}

impl Handle {
    /// Index within this run.
    pub fn index(&self) -> NodeId {
        self.index
    }

    /// Identity across runs.
    pub fn urn(&self) -> &Urn {
        &self.urn
    }

    /// The cloud's id: known at once where it follows from names, else once the
    /// resource exists. Knowing it does not mean that it exists, see [`Handle::ready`].
    pub fn id(&self) -> Output<String> {
        self.id.clone()
    }

    /// Where children of this resource are declared.
    pub fn as_scope(&self) -> &Scope {
        &self.scope
    }

    /// Where the program declares it.
    pub fn at(&self) -> &'static Location<'static> {
        self.at
    }

    /// The same resource, but its children are declared inside the component.
    #[must_use]
    pub fn inside(&self, component: &Component) -> Self {
        Self {
            scope: component.scope.clone(),
            ..self.clone()
        }
    }

    /// A typed property of the resource's answer, at a dotted path. Known early
    /// when an update cannot change it.
    #[track_caller]
    pub fn property<T: OutputValue + FromValue>(&self, path: &str) -> Output<T> {
        self.property_as(path, T::from_value)
    }

    /// The same, read in a way of the caller's; a failed reading says in a
    /// sentence what was found instead (never the value itself).
    #[track_caller]
    pub(crate) fn property_as<T: OutputValue>(
        &self,
        path: &str,
        read: fn(&Value) -> std::result::Result<T, String>,
    ) -> Output<T> {
        let path = self.scope.core.text(path);
        let source = Source::Resource(self.index, path.clone());
        let target = OutputCell::pending(source, Location::caller());
        let cell = target.clone();
        let (urn, full) = (self.urn.clone(), self.full.clone());
        // `early` settles first; what it does not hold comes with the full answer.
        self.early.on_settled(move |early| {
            if matches!(&early.value, Ok(value) if value.at(&path).is_some()) {
                return cell.settle(early.property(&urn, &path, read));
            }
            full.on_settled(move |data| cell.settle(data.property(&urn, &path, read)));
        });
        Output(target)
    }

    /// All of the resource's answer, in the provider's shape.
    pub fn outputs(&self) -> Output<Value> {
        self.full.clone()
    }

    /// Opens when the resource exists as declared; in a preview, when nothing
    /// about it changes.
    #[track_caller]
    pub fn ready(&self) -> Output<()> {
        self.full.map(|_| ())
    }
}

/// Anything that stands for one declared resource or component.
pub trait AsResource {
    /// The untyped handle.
    fn handle(&self) -> &Handle;
}

impl AsResource for Handle {
    fn handle(&self) -> &Handle {
        self
    }
}

/// A component: a named scope whose children are declared under it.
#[derive(Clone)]
pub struct Component {
    scope: Scope,
    handle: Handle,
}

impl Component {
    /// Opens a component under a parent. `ty` is its type, for example
    /// `lazuli:components:PrivateDnsLink`.
    #[track_caller]
    pub fn new(parent: &Scope, ty: &str, name: &str) -> Self {
        Self::with_options(parent, ty, name, Options::default())
    }

    /// The same with options; those that are inherited go to its children.
    #[track_caller]
    pub fn with_options(parent: &Scope, ty: &str, name: &str, options: Options) -> Self {
        let at = Location::caller();
        let options = options.inherit(&parent.inherited);
        let inherited = parent.inherited_by_children(&options);
        let added = parent.add(RegistrationKind::Component, ty, name, options, at);
        let path = parent.child_path(name);
        let token = parent.core.open(&path);
        let scope = Scope {
            core: parent.core.clone(),
            path: path.into(),
            token,
            parent: Some(added.index),
            inherited,
            former_paths: added.former_paths,
        };
        let handle = Handle {
            index: added.index,
            id: Output::of(added.urn.to_string()),
            urn: added.urn,
            early: Output(added.cells.early),
            full: Output(added.cells.full),
            scope: scope.clone(),
            at,
        };
        Self { scope, handle }
    }

    /// Where children are declared.
    pub fn as_scope(&self) -> &Scope {
        &self.scope
    }
}

impl AsResource for Component {
    fn handle(&self) -> &Handle {
        &self.handle
    }
}
