//! A program made of a scenario's lines.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use lazuli_core::options::{Declaration, HookArgs, Retry, Timeouts};
use lazuli_core::{
    Alias, AsResource, Component, Handle, HookPoint, Lifecycle, Options, Output, Property,
    ResourceSpec, Scope, Stack, Value,
};

use super::super::cloud::Cloud;
use super::language::{Given, Thing, given};

/// What was declared so far.
#[derive(Clone)]
struct Known {
    stack: Stack,
    handles: HashMap<String, Handle>,
    components: HashMap<String, Component>,
    cloud: Cloud,
}

/// Declares everything, in the order of the lines; scopes last.
pub(super) async fn declare(
    stack: Stack,
    things: Vec<Thing>,
    cloud: Cloud,
) -> lazuli_core::Result<()> {
    let mut known = Known {
        stack: stack.clone(),
        handles: HashMap::new(),
        components: HashMap::new(),
        cloud,
    };
    let mut scopes: BTreeMap<String, Vec<Thing>> = BTreeMap::new();
    for thing in things {
        match argument(&thing, "scope") {
            Some(of) => scopes.entry(of.to_owned()).or_default().push(thing),
            None => known.declare(&thing)?,
        }
    }
    for (of, things) in scopes {
        let awaited: Output<String> = known.handles[&of].property("serial");
        let mut known = known.clone();
        stack.scope(&format!("after-{of}"), move |inner| async move {
            awaited.await?;
            known.stack = inner;
            things.iter().try_for_each(|thing| known.declare(thing))
        });
    }
    Ok(())
}

fn argument<'a>(thing: &'a Thing, wanted: &str) -> Option<&'a str> {
    let mut options = thing.options.iter();
    options
        .find(|(option, _)| option == wanted)
        .map(|(_, argument)| argument.as_str())
}

impl Known {
    fn declare(&mut self, thing: &Thing) -> lazuli_core::Result<()> {
        if thing.name == "*" {
            for (_, rewriting) in &thing.options {
                self.stack.transform(rewrite(rewriting));
            }
            return Ok(());
        }
        if argument(thing, "component").is_some() {
            let place = self.component(&thing.component);
            let options = options(thing, self)?;
            let component = Component::with_options(&place, "test:Group", &thing.name, options);
            let path = match thing.component.as_str() {
                "" => thing.name.clone(),
                above => format!("{above}/{}", thing.name),
            };
            let handle = component.handle().clone();
            self.handles.insert(thing.name.clone(), handle);
            self.components.insert(path, component);
            return Ok(());
        }
        let place = match argument(thing, "in") {
            Some(parent) => self.handles[parent].as_scope().clone(),
            None => self.component(&thing.component),
        };
        let handle = register(&place, thing, self)?;
        self.stack.export(&thing.name, handle.id());
        self.handles.insert(thing.name.clone(), handle);
        Ok(())
    }

    /// Where a component's children are declared; it is opened when it is first named.
    fn component(&mut self, path: &str) -> Scope {
        if path.is_empty() {
            return self.stack.as_scope().clone();
        }
        if let Some(component) = self.components.get(path) {
            return component.as_scope().clone();
        }
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let above = self.component(above);
        let component = Component::new(&above, "test:Group", name);
        let place = component.as_scope().clone();
        self.components.insert(path.to_owned(), component);
        place
    }
}

/// `k=v` sets an input, `k+v` appends to one, `protect` and `retain` are options.
fn rewrite(text: &str) -> impl Fn(&mut Declaration<'_>) + Send + Sync + 'static {
    let text = text.to_owned();
    move |declaration| {
        if let Some((key, value)) = text.split_once('=') {
            declaration.inputs.set(key, Property::Value(value.into()));
        } else if let Some((key, more)) = text.split_once('+') {
            let before = match declaration.inputs.get(key) {
                Some(Property::Value(value)) => value.as_str().unwrap_or_default().to_owned(),
                _ => String::new(),
            };
            let value = Value::from(format!("{before}{more}"));
            declaration.inputs.set(key, Property::Value(value));
        } else {
            let options = std::mem::take(declaration.options);
            *declaration.options = match text.as_str() {
                "protect" => options.protect(),
                "retain" => options.retain_on_delete(),
                "failing" => options.hook(HookPoint::Before(Lifecycle::Create), |_| async {
                    Err(lazuli_core::Error::new("the hook does not want to"))
                }),
                other => panic!("no transform {other}"),
            };
        }
    }
}

fn register(place: &Scope, thing: &Thing, known: &Known) -> lazuli_core::Result<Handle> {
    let inputs = thing.inputs.iter();
    let inputs = inputs
        .map(|(key, given)| Ok((key.clone(), property(given, known)?)))
        .collect::<lazuli_core::Result<_>>()?;
    let generation = match thing.inputs.get("fixed") {
        Some(Given::Text(text)) => text.as_str(),
        _ => "",
    };
    let id = match thing.ty.as_str() {
        "named" => Some(format!("/{}", thing.name)),
        "dated" => Some(format!("/{}-{generation}", thing.name)),
        _ => None,
    };
    let existing = thing
        .options
        .iter()
        .find(|(option, _)| option == "existing");
    let id = existing.map(|(_, id)| id.clone()).or(id);
    let spec = ResourceSpec {
        provider: "test",
        ty: match thing.ty.as_str() {
            "named" => "test:Named".to_owned(),
            "dated" => "test:Dated".to_owned(),
            _ => "test:Thing".to_owned(),
        },
        name: thing.name.clone(),
        id: id.map(Output::of),
        inputs: Property::Map(inputs),
        options: options(thing, known)?,
        at: std::panic::Location::caller(),
    };
    Ok(match existing {
        Some(_) => place.existing(spec),
        None => place.register(spec),
    })
}

fn property(given: &Given, known: &Known) -> lazuli_core::Result<Property> {
    let declared = &known.handles;
    Ok(match given {
        Given::Text(text) => Property::Value(Value::from(text.as_str())),
        Given::Secret(text) => Property::Value(Value::from(text.as_str()).into_secret()),
        Given::Id(other) => Property::Output(declared[other].id().map(Value::String)),
        Given::Output(other, path) => {
            let output: Output<String> = declared[other].property(path);
            Property::Output(output.map(Value::String))
        }
        Given::Late(other) => {
            let ready = declared[other].ready();
            Property::Output(ready.map(|()| Value::from("late")))
        }
        Given::Ref(stack, export) => {
            let other = known.stack.reference(stack)?;
            Property::Output(other.output::<String>(export)?.map(Value::String))
        }
    })
}

fn options(thing: &Thing, known: &Known) -> lazuli_core::Result<Options> {
    let declared = &known.handles;
    let mut options = Options::new();
    for (option, argument) in &thing.options {
        let named = || -> &dyn AsResource { &declared[argument] };
        let paths = || argument.split(',').map(str::to_owned);
        options = match option.as_str() {
            "protect" => options.protect(),
            "unprotect" => options.unprotect(),
            "retain" => options.retain_on_delete(),
            "dbr" => options.delete_before_replace(true),
            "cbd" => options.delete_before_replace(false),
            "ignore" => options.ignore_changes(paths()),
            "replaceOn" => options.replace_on_changes(paths()),
            "after" => options.depends_on(named()),
            "user" => options.delete_after([named()]),
            "with" => options.deleted_with(named()),
            "replaceWith" => options.replace_with([named()]),
            "trigger" => {
                options.replacement_trigger::<Property>(property(&given(argument), known)?)
            }
            "notrigger" => options.replacement_trigger::<Value>(Value::Null),
            "transform" => options.transform(rewrite(argument)),
            "timeout" => {
                let at_once = Some(Duration::from_millis(1));
                let mut timeouts = Timeouts::default();
                match argument.as_str() {
                    "create" => timeouts.create = at_once,
                    "update" => timeouts.update = at_once,
                    _ => timeouts.delete = at_once,
                }
                options.timeouts(timeouts)
            }
            "noted" => {
                let cloud = known.cloud.clone();
                let when = argument.split(',').next().unwrap_or_default().to_owned();
                options.hook(point(argument), move |args| {
                    cloud.with(|world| world.log.push(noted(&when, &args)));
                    async { Ok(()) }
                })
            }
            "secret" => options.additional_secret_outputs(paths()),
            "alias" => options.aliases([Alias::name(argument.clone())]),
            "was" => {
                let (path, name) = argument.rsplit_once('/').unwrap_or(("", argument));
                options.aliases([Alias::path(path).and_name(name)])
            }
            "import" => options.import(argument.clone()),
            "provider" => options.provider(argument.clone()),
            "retry" => {
                let most: u32 = argument.parse().expect("a number");
                options.on_error(move |failed| async move {
                    if failed.attempt < most {
                        Retry::Again
                    } else {
                        Retry::No
                    }
                })
            }
            "hook" => options.hook(point(argument), |_| async { Ok(()) }),
            "panicking" => options.hook(point(argument), |_| async { panic!("the hook trips") }),
            "failing" => options.hook(point(argument), |_| async {
                Err(lazuli_core::Error::new("the hook does not want to"))
            }),
            "in" | "existing" | "component" | "scope" => options,
            other => panic!("unknown option {other}"),
        };
    }
    Ok(options)
}

/// `before update a 1>2`: a hook in the log, with the input `v` before and after.
fn noted(when: &str, args: &HookArgs) -> String {
    let v = |inputs: &Value| {
        let v = inputs.at("v").and_then(Value::as_str);
        v.unwrap_or("-").to_owned()
    };
    let verb = match args.lifecycle {
        Lifecycle::Create => "create",
        Lifecycle::Update => "update",
        Lifecycle::Delete => "delete",
    };
    let (old, new) = (v(&args.old_inputs), v(&args.new_inputs));
    format!("{when} {verb} {} {old}>{new}", args.urn.name())
}

fn point(text: &str) -> HookPoint {
    let (when, what) = text.split_once(',').expect("WHEN,WHAT");
    let lifecycle = match what {
        "create" => Lifecycle::Create,
        "update" => Lifecycle::Update,
        _ => Lifecycle::Delete,
    };
    match when {
        "before" => HookPoint::Before(lifecycle),
        _ => HookPoint::After(lifecycle),
    }
}
