//! Where a program declares: the stack, a component, a resource with children.

use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

use super::core::{Core, ResourceCells, ScopeToken};
use super::handle::Handle;
use crate::environment::Environment;
use crate::error::Error;
use crate::executor::{self, lock};
use crate::node::{Deps, NodeId};
use crate::options::{Declaration, OptionValues, Options, alias};
use crate::output::{Cell as OutputCell, DEBUG_MARK, Output, Source};
use crate::property::Property;
use crate::registration::{Registration, RegistrationKind};
use crate::urn::{self, Urn};

/// Where resources are declared: a path, a scope, a parent, inherited options.
#[derive(Clone)]
pub struct Scope {
    pub(super) core: Rc<Core>,
    pub(super) path: Arc<str>,
    pub(super) token: Rc<ScopeToken>,
    pub(super) parent: Option<NodeId>,
    pub(super) inherited: Arc<OptionValues>,
    /// Paths this scope had before something above it was renamed.
    pub(super) former_paths: Arc<[String]>,
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

    pub(super) fn child_path(&self, name: &str) -> String {
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
        let options = std::mem::take(&mut spec.options).0;
        let mut options = Options(options.inherit(&self.inherited));
        self.transform(&mut spec, &mut options);
        let Options(options) = options;
        let provider = match &options.provider {
            Some(instance) if instance.split('/').next() == Some(spec.provider) => instance,
            _ => spec.provider,
        };
        let provider = self.core.text(provider);
        let inputs = spec.inputs.collapsed();
        if inputs.has_text(DEBUG_MARK) {
            self.core.report(formatted_output(&spec.name, spec.at));
        }
        let inherited = self.inherited_by_children(&options);
        let kind = RegistrationKind::Resource {
            provider,
            id: spec.id,
            inputs,
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
    pub(super) fn inherited_by_children(&self, options: &OptionValues) -> Arc<OptionValues> {
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
        let mut transforms = options.0.transforms.clone();
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

    pub(super) fn add(
        &self,
        kind: RegistrationKind,
        ty: &str,
        name: &str,
        options: OptionValues,
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
            options: if options.is_plain() {
                self.core.plain.clone()
            } else {
                Arc::new(options)
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
pub(super) struct Added {
    pub(super) index: NodeId,
    pub(super) urn: Urn,
    pub(super) cells: ResourceCells,
    pub(super) former_paths: Arc<[String]>,
}

/// A text that was made with `{:?}` of an output.
fn formatted_output(name: &str, at: &'static Location<'static>) -> Error {
    Error::with_help(
        format!("an input of `{name}` contains the `Debug` text of an output instead of its value"),
        "compose the text with `output!(\"..{}\", value)`, or with `Output::map`",
    )
    .at(at)
}
