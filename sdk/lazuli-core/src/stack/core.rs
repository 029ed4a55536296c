//! The running program: what registrations, scopes and exports are collected in.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use crate::diagnostic::Allowance;
use crate::environment::Environment;
use crate::error::{Error, OutputError};
use crate::executor::Executor;
use crate::node::{Deps, NodeId, Provenance};
use crate::options::{OptionValues, Transform};
use crate::output::{Cell as OutputCell, Data, Output, Source};
use crate::property::{Property, resolve};
use crate::registration::{ExportEntry, Registration};
use crate::value::Value;

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
    pub(super) cells: RefCell<Vec<Option<ResourceCells>>>,
    /// Texts that many resources have in common: providers, paths of properties.
    texts: RefCell<BTreeSet<Arc<str>>>,
    pub(super) scopes: RefCell<HashMap<String, Weak<ScopeToken>>>,
    pub(super) transforms: RefCell<Vec<Transform>>,
    /// Options that are all defaults: most resources share them.
    pub(super) plain: Arc<OptionValues>,
    pub(super) next: Cell<u32>,
}

/// The two write sides of a registered resource.
#[derive(Clone)]
pub(super) struct ResourceCells {
    pub(super) early: Arc<OutputCell<Value>>,
    pub(super) full: Arc<OutputCell<Value>>,
}

/// Alive as long as somebody can declare resources in a scope.
pub(super) struct ScopeToken;

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

    pub(super) fn open(&self, path: &str) -> Rc<ScopeToken> {
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
                    // No further settlement follows, so only readers keep its cells.
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
    pub(super) fn text(&self, text: &str) -> Arc<str> {
        let mut texts = self.texts.borrow_mut();
        if let Some(known) = texts.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        texts.insert(new.clone());
        new
    }

    #[track_caller]
    pub(super) fn export(&self, name: &str, value: Property) {
        let at = Location::caller();
        let entry = ExportEntry {
            name: name.to_owned(),
            value: resolve(value),
            at,
        };
        self.exports.borrow_mut().push(entry);
    }

    pub(super) fn report(&self, error: Error) {
        self.errors.borrow_mut().push(error);
    }
}

/// What the engine knows of a resource and passes to the program.
#[derive(Debug, Clone)]
pub enum Settlement {
    /// Outputs that an update cannot change; the rest stays pending.
    Early(Value),
    /// The resource is as declared; these are its outputs.
    Full(Value),
    /// It failed or was skipped.
    Failed(OutputError),
}
