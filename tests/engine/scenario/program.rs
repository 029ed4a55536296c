//! A program made of a scenario's lines.

use std::collections::HashMap;

use lazuli_core::options::Retry;
use lazuli_core::{
    Alias, AsResource, Component, Handle, HookPoint, Lifecycle, Options, Output, Place, Property,
    ResourceSpec, Stack, Value,
};

use super::language::{Given, Thing};

/// Declares everything, in the order of the lines.
pub(super) async fn declare(stack: Stack, things: Vec<Thing>) -> lazuli_core::Result<()> {
    let mut declared: HashMap<String, Handle> = HashMap::new();
    let mut components: HashMap<String, Component> = HashMap::new();
    for thing in &things {
        if let Some(path) = thing
            .options
            .iter()
            .find(|(option, _)| option == "component")
        {
            let options = options(thing, &declared);
            let component =
                Component::with_options(stack.place(), "test:Group", &thing.name, options);
            components.insert(thing.name.clone(), component);
            let _ = path;
            continue;
        }
        let place = place(&stack, thing, &declared, &mut components);
        let handle = register(&place, thing, &declared);
        stack.export(&thing.name, handle.id());
        declared.insert(thing.name.clone(), handle);
    }
    Ok(())
}

fn place(
    stack: &Stack,
    thing: &Thing,
    declared: &HashMap<String, Handle>,
    components: &mut HashMap<String, Component>,
) -> Place {
    if let Some((_, parent)) = thing.options.iter().find(|(option, _)| option == "in") {
        return declared[parent].place().clone();
    }
    if thing.component.is_empty() {
        return stack.place().clone();
    }
    let component = components
        .entry(thing.component.clone())
        .or_insert_with(|| Component::new(stack.place(), "test:Group", &thing.component));
    component.place().clone()
}

fn register(place: &Place, thing: &Thing, declared: &HashMap<String, Handle>) -> Handle {
    let inputs = thing.inputs.iter();
    let inputs = inputs.map(|(key, given)| (key.clone(), property(given, declared)));
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
        inputs: Property::Map(inputs.collect()),
        options: options(thing, declared),
        at: std::panic::Location::caller(),
    };
    match existing {
        Some(_) => place.existing(spec),
        None => place.register(spec),
    }
}

fn property(given: &Given, declared: &HashMap<String, Handle>) -> Property {
    match given {
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
    }
}

fn options(thing: &Thing, declared: &HashMap<String, Handle>) -> Options {
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
            "after" => options.and_depends_on([named()]),
            "with" => options.deleted_with(named()),
            "replaceWith" => options.replace_with([named()]),
            "trigger" if declared.contains_key(argument) => {
                options.replacement_trigger::<String>(declared[argument].id())
            }
            "trigger" => options.replacement_trigger::<String>(argument.clone()),
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
            "failing" => options.hook(point(argument), |_| async {
                Err(lazuli_core::Error::new("the hook does not want to"))
            }),
            "in" | "existing" | "component" => options,
            other => panic!("unknown option {other}"),
        };
    }
    options
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
