//! What a program declares resources with: the stack, places, handles, components.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use crate::diagnostic::Allowance;
use crate::error::{Error, OutputError, Result};
use crate::executor::{self, Deps, Executor, ResId, Taint, lock};
use crate::input::Exportable;
use crate::options::Options;
use crate::output::{self, Cell as OutputCell, Data, Output, OutputValue, Source};
use crate::program::{Environment, ExportEntry, Registration, RegistrationKind};
use crate::property::Property;
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
    cells: RefCell<Vec<ResourceCells>>,
    scopes: RefCell<HashMap<String, Weak<ScopeToken>>>,
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
            scopes: RefCell::default(),
            next: Cell::new(0),
        })
    }

    pub(crate) fn root(self: &Rc<Self>) -> Stack {
        let token = self.open("");
        let place = Place {
            core: self.clone(),
            path: "".into(),
            token,
            parent: None,
            inherited: Options::default(),
        };
        Stack { place }
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
    pub(crate) fn settle(&self, id: ResId, settlement: Settlement) {
        let Some(cells) = self.cells.borrow().get(id.index()).cloned() else {
            return;
        };
        let taint = Taint {
            deps: Deps::One(id),
            secret: false,
        };
        match settlement {
            Settlement::Early(outputs) => cells.early.settle(Data {
                value: Ok(outputs),
                taint,
            }),
            Settlement::Full(outputs) => {
                cells.early.settle(Data {
                    value: Ok(outputs.clone()),
                    taint: taint.clone(),
                });
                cells.full.settle(Data {
                    value: Ok(outputs),
                    taint,
                });
            }
            Settlement::Failed(error) => {
                cells.early.settle(Data {
                    value: Ok(Value::map()),
                    taint: taint.clone(),
                });
                cells.full.settle(Data {
                    value: Err(error),
                    taint,
                });
            }
        }
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
pub struct Place {
    core: Rc<Core>,
    path: Arc<str>,
    token: Rc<ScopeToken>,
    parent: Option<ResId>,
    inherited: Options,
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

impl Place {
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
        let (id_output, name) = (spec.id.clone(), spec.name.clone());
        let options = self.merged(spec.options);
        let kind = RegistrationKind::Resource {
            provider: spec.provider.to_owned(),
            id: spec.id,
            inputs: spec.inputs,
        };
        let (index, urn, cells) = self.add(kind, &spec.ty, &name, options, spec.at);
        let early = Output(cells.early);
        let full = Output(cells.full);
        let predicted = id_output.map(|id| id.with_deps(Deps::One(index)));
        let place = Place {
            core: self.core.clone(),
            path: self.child_path(&name).into(),
            token: self.token.clone(),
            parent: Some(index),
            inherited: self.inherited.clone(),
        };
        let id = predicted
            .clone()
            .unwrap_or_else(|| Output::of(String::new()));
        let handle = Handle {
            index,
            urn,
            id,
            early,
            full,
            place,
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

    fn merged(&self, mut options: Options) -> Options {
        options.protect = options.protect.or(self.inherited.protect);
        options.retain_on_delete = options.retain_on_delete.or(self.inherited.retain_on_delete);
        options
    }

    fn add(
        &self,
        kind: RegistrationKind,
        ty: &str,
        name: &str,
        options: Options,
        at: &'static Location<'static>,
    ) -> (ResId, Urn, ResourceCells) {
        let index = ResId(self.core.next.replace(self.core.next.get() + 1));
        let urn = self.urn(ty, name);
        let cells = ResourceCells {
            early: OutputCell::pending(Source::Resource(index, "".into()), at),
            full: OutputCell::pending(Source::Resource(index, "".into()), at),
        };
        self.core.cells.borrow_mut().push(cells.clone());
        let ambient = executor::ambient();
        let mut edges = ambient.deps.as_slice().to_vec();
        edges.extend(self.parent);
        edges.extend(options.depends_on.iter().copied());
        lock(&self.core.executor.shared.edges).push(Deps::from_ids(edges));
        self.core.registrations.borrow_mut().push(Registration {
            index,
            urn: urn.clone(),
            name_problem: urn::check_name(name).err(),
            parent: self.parent,
            kind,
            options,
            ambient,
            at,
        });
        (index, urn, cells)
    }
}

/// The stack: the place where a program begins to declare. It stays on the
/// program's thread; tasks that declare resources are started with
/// [`Stack::spawn`] and [`Stack::scope`].
#[derive(Clone)]
pub struct Stack {
    place: Place,
}

impl Stack {
    /// The stack's name, for example `dev`.
    pub fn name(&self) -> &str {
        &self.place.core.environment.stack
    }

    /// The project's name.
    pub fn project(&self) -> &str {
        &self.place.core.environment.project
    }

    /// Where resources at the top are declared.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The stack's configuration: `config set`, `lazuli.STACK.toml`, `--set key=value`.
    pub fn config(&self) -> Config {
        Config {
            values: self.place.core.environment.config.clone(),
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
        self.place.core.exports.borrow_mut().push(entry);
    }

    /// Turns the findings with a code (`LZ2011`) into notes that show the reason:
    /// who sees to it instead. A code that no rule has is an error.
    #[track_caller]
    pub fn allow(&self, code: &str, reason: &str) {
        self.place.core.allowed.borrow_mut().push(Allowance {
            code: code.to_owned(),
            reason: reason.to_owned(),
            place: Location::caller().into(),
        });
    }

    /// Runs a future beside the topology. Its error fails the program.
    #[track_caller]
    pub fn spawn<T: OutputValue>(
        &self,
        future: impl Future<Output = Result<T>> + 'static,
    ) -> Output<T> {
        let core = self.place.core.clone();
        let report = move |error: &Error| core.report(error.clone());
        output::spawn_output(
            &self.place.core.executor,
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
        let path = self.place.child_path(name);
        let token = self.place.core.open(&path);
        let inner = Stack {
            place: Place {
                path: path.into(),
                token,
                ..self.place.clone()
            },
        };
        if let Err(problem) = urn::check_name(name) {
            self.place.core.report(Error::new(problem.to_string()));
        }
        let core = self.place.core.clone();
        let report = move |error: &Error| core.report(error.clone());
        let future = declare(inner);
        output::spawn_output(
            &self.place.core.executor,
            format!("scope {name}"),
            at,
            future,
            report,
        )
    }

    /// Opens once the plan is approved, or at once when there is nothing to do;
    /// never in a preview. Deeds of the program's own wait for it.
    pub fn approved(&self) -> Output<()> {
        self.place.core.approved.clone()
    }
}

/// The configuration of a stack.
#[derive(Debug, Clone)]
pub struct Config {
    values: Arc<BTreeMap<String, Value>>,
}

impl Config {
    /// The value of a key, or `None` when it is not set.
    ///
    /// # Errors
    /// The value is set but is not a `T`.
    #[track_caller]
    pub fn get<T: FromValue>(&self, key: &str) -> Result<Option<T>> {
        let Some(value) = self.values.get(key) else {
            return Ok(None);
        };
        match T::from_value(value) {
            Ok(value) => Ok(Some(value)),
            Err(reason) => Err(Error::with_help(
                format!("the config value `{key}` cannot be used: {reason}"),
                format!("set it with `config set {key} VALUE` or `--set {key}=VALUE`"),
            )),
        }
    }

    /// The value of a key, or a default when it is not set.
    ///
    /// # Errors
    /// The value is set but is not a text.
    #[track_caller]
    pub fn get_or(&self, key: &str, default: &str) -> Result<String> {
        Ok(self.get(key)?.unwrap_or_else(|| default.to_owned()))
    }

    /// The value of a key that must be set.
    ///
    /// # Errors
    /// It is not set, or is not a `T`.
    #[track_caller]
    pub fn require<T: FromValue>(&self, key: &str) -> Result<T> {
        match self.get(key)? {
            Some(value) => Ok(value),
            None => Err(Error::with_help(
                format!("the config value `{key}` is not set"),
                format!("set it with `config set {key} VALUE` or `--set {key}=VALUE`"),
            )),
        }
    }
}

/// An untyped handle of a declared resource; typed resources wrap it.
#[derive(Clone)]
pub struct Handle {
    index: ResId,
    urn: Urn,
    id: Output<String>,
    early: Output<Value>,
    full: Output<Value>,
    place: Place,
    at: &'static Location<'static>,
}

impl Handle {
    /// Index within this run.
    pub fn index(&self) -> ResId {
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
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Where the program declares it.
    pub fn at(&self) -> &'static Location<'static> {
        self.at
    }

    /// The same resource, but its children are declared inside the component.
    #[must_use]
    pub fn inside(&self, component: &Component) -> Self {
        Self {
            place: component.place.clone(),
            ..self.clone()
        }
    }

    /// A typed property of the resource's answer, at a dotted path. Known early
    /// when an update cannot change it.
    #[track_caller]
    pub fn property<T: OutputValue + FromValue>(&self, path: &str) -> Output<T> {
        let at = Location::caller();
        let target = OutputCell::pending(Source::Resource(self.index, path.into()), at);
        let cell = target.clone();
        let (urn, full, path) = (self.urn.clone(), self.full.clone(), path.to_owned());
        // `early` settles first; what it does not hold comes with the full answer.
        self.early.on_settled(move |early| {
            let found = matches!(&early.value, Ok(value) if value.at(&path).is_some());
            let from = if found {
                Output::settled(early.value.clone(), early.taint.clone())
            } else {
                full
            };
            from.property::<T>(&urn, &path, at)
                .on_settled(move |data| cell.settle(data.clone()));
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
    place: Place,
    handle: Handle,
}

impl Component {
    /// Opens a component under a parent. `ty` is its type, for example
    /// `lazuli:components:PrivateDnsLink`.
    #[track_caller]
    pub fn new(parent: &Place, ty: &str, name: &str) -> Self {
        Self::with_options(parent, ty, name, Options::default())
    }

    /// The same with options; `protect` and `retain_on_delete` go to its children.
    #[track_caller]
    pub fn with_options(parent: &Place, ty: &str, name: &str, options: Options) -> Self {
        let at = Location::caller();
        let inherited = parent.merged(options);
        let (index, urn, cells) =
            parent.add(RegistrationKind::Component, ty, name, inherited.clone(), at);
        let path = parent.child_path(name);
        let token = parent.core.open(&path);
        let place = Place {
            core: parent.core.clone(),
            path: path.into(),
            token,
            parent: Some(index),
            inherited,
        };
        let handle = Handle {
            index,
            id: Output::of(urn.to_string()),
            urn,
            early: Output(cells.early),
            full: Output(cells.full),
            place: place.clone(),
            at,
        };
        Self { place, handle }
    }

    /// Where children are declared.
    pub fn place(&self) -> &Place {
        &self.place
    }
}

impl AsResource for Component {
    fn handle(&self) -> &Handle {
        &self.handle
    }
}
