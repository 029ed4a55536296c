//! What a program types, tried as a program types it: texts of outputs, options,
//! components and their arguments, mocks.

use lazuli::core::Value;
use lazuli::engine::EngineError;
use lazuli::prelude::*;
use lazuli::testing::{MockedStack, Mocks};

async fn exported(
    program: impl FnOnce(&Stack, &ResourceGroup) -> Result<()> + Send + 'static,
) -> std::result::Result<MockedStack, EngineError> {
    let topology = |stack: Stack| async move {
        let group = ResourceGroup::builder(&stack, "shop")
            .location("westeurope")
            .build();
        program(&stack, &group)
    };
    Mocks::new()
        .stack("dev")
        .project("store")
        .up(topology)
        .await
}

#[tokio::test]
async fn a_text_takes_arguments_in_order_by_number_and_by_name() {
    let stack = exported(|stack, group| {
        let host = Output::of("h".to_owned());
        let (path, owned) = ("p", "o".to_owned());
        stack.export("order", output!("{}/{}", &host, "x"));
        stack.export(
            "number",
            output!("{1}{0}{1}", "a", Output::of("b".to_owned())),
        );
        stack.export("captured", output!("{host}:{path}:{owned}:{host}"));
        stack.export("named", output!("{of}", of = group.name()));
        stack.export("signs", output!("{{\"{}\": {{}}}}", path));
        stack.export("plain", output!("no placeholder"));
        Ok(())
    })
    .await
    .unwrap();
    for (name, text) in [
        ("order", "h/x"),
        ("number", "bab"),
        ("captured", "h:p:o:h"),
        ("named", "shop"),
        ("signs", "{\"p\": {}}"),
        ("plain", "no placeholder"),
    ] {
        assert_eq!(stack.output(name), Some(&text.into()), "{name}");
    }
}

#[tokio::test]
async fn a_text_of_a_secret_is_secret() {
    let stack = exported(|stack, _| {
        let password = Output::secret("hunter2".to_owned());
        stack.export("url", output!("https://user:{password}@host"));
        Ok(())
    })
    .await
    .unwrap();
    assert!(stack.output("url").unwrap().contains_secret());
}

#[tokio::test]
async fn an_output_that_was_formatted_into_a_setting_is_an_error() {
    let refused = exported(|_, group| {
        let label = format!("of {:?}", group.id());
        ArmResource::builder(
            group,
            "Microsoft.Storage/storageAccounts@2025-06-01",
            "store",
        )
        .property("properties.label", label)
        .build();
        Ok(())
    })
    .await
    .unwrap_err();
    let text = format!("{refused:?}");
    assert!(text.contains("`Debug` text of an output"), "{text}");
}

#[tokio::test]
async fn dependencies_of_a_builder_add_to_those_of_its_options() {
    let stack = |stack: Stack| async move {
        let group = ResourceGroup::builder(&stack, "shop")
            .location("westeurope")
            .build();
        let identity = UserAssignedIdentity::builder(&group, "identity").build();
        let zone = PrivateDnsZone::builder(&group, "internal.example").build();
        VirtualNetwork::builder(&group, "net")
            .address_space(["10.0.0.0/16"])
            .depends_on(&identity)
            .options(Options::new().protect().depends_on([&zone]))
            .build();
        Ok(())
    };
    let plan = Mocks::new().preview(stack).await.unwrap();
    let at = |name: &str| {
        let found = plan.steps.iter().position(|step| step.urn.name() == name);
        found.unwrap_or_else(|| panic!("no step of {name}"))
    };
    let after = &plan.steps[at("net")].after;
    assert!(
        after.contains(&at("identity")) && after.contains(&at("internal.example")),
        "{after:?}"
    );
}

#[tokio::test]
async fn a_setter_is_called_with_a_value_that_may_be_absent() {
    let stack = exported(|_, group| {
        for (name, access) in [("closed", Some(PublicAccess::Disabled)), ("silent", None)] {
            Registry::builder(group, name)
                .sku(RegistrySku::Premium)
                .maybe(access, |registry, access| {
                    registry.public_network_access(access)
                })
                .build();
        }
        Ok(())
    })
    .await
    .unwrap();
    let access = |name: &str| {
        let registry = stack.resource("Microsoft.ContainerRegistry/registries", name);
        registry.unwrap().input("properties.publicNetworkAccess")
    };
    assert_eq!(access("closed"), Some("Disabled".into()));
    assert_eq!(access("silent"), None);
}

/// A network for each of several names.
struct Networks {
    made: Vec<VirtualNetwork>,
    tags: Vec<(String, Input<String>)>,
}

#[derive(Component)]
#[component(Networks, "set of networks")]
struct NetworksArgs {
    #[component(parent)]
    group: ResourceGroup,
    #[component(name)]
    name: String,
    /// Names the identities that the networks wait for.
    #[component(example = "[&identity]")]
    after: Vec<UserAssignedIdentity>,
    /// Names the networks, with their address space.
    #[component(example = "[(\"net\", \"10.0.0.0/16\")]")]
    spaces: Vec<(String, String)>,
    /// Sets tags.
    #[component(default)]
    tags: Map<String>,
}

impl From<NetworksArgs> for Networks {
    #[track_caller]
    fn from(args: NetworksArgs) -> Self {
        let (component, group) = Component::under(&args.group, "test:Networks", &args.name);
        let mut made = Vec::new();
        for (name, space) in &args.spaces {
            let network = VirtualNetwork::builder(&group, name)
                .address_space([space.as_str()])
                .depends_on(&args.after)
                .build();
            component.export(name, network.name());
            made.push(network);
        }
        let tags = args.tags.entries().unwrap_or_default();
        Self { made, tags }
    }
}

#[tokio::test]
async fn a_component_takes_lists_of_references_and_declares_under_its_own_name() {
    let stack = exported(|stack, group| {
        let identity = UserAssignedIdentity::builder(group, "identity").build();
        let identities = vec![&identity];
        let networks = Networks::builder(group, "all")
            .after(identities.as_slice())
            .spaces([("east", "10.0.0.0/16"), ("west", "10.1.0.0/16")])
            .tags([("owner", group.name())])
            .build();
        for network in &networks.made {
            let urn = network.handle().urn();
            assert_eq!(urn.address(), format!("shop/all/{}", urn.name()));
        }
        for (key, value) in networks.tags {
            stack.export(&key, value.into_output());
        }
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(stack.output("shop/all/east"), Some(&"east".into()));
    assert_eq!(stack.output("shop/all/west"), Some(&"west".into()));
    assert_eq!(stack.output("owner"), Some(&"shop".into()));
}

#[tokio::test]
async fn a_map_that_is_one_output_has_no_entries_yet() {
    let whole = Output::of(std::collections::BTreeMap::from([(
        "a".to_owned(),
        "b".to_owned(),
    )]));
    let map: Map<String> = IntoMap::into_map(whole);
    let refused = map.entries().unwrap_err();
    assert!(refused.message().contains("are not known"), "{refused}");
    assert!(Map::<String>::default().entries().unwrap().is_empty());
}

#[tokio::test]
async fn mocks_have_a_stack_a_tenant_and_other_stacks() {
    let mocks = Mocks::new()
        .stack("dev")
        .project("store")
        .tenant("11111111-2222-3333-4444-555555555555")
        .reference("network", [("subnet", "apps")])
        .reference("platform/base", [("replicas", 3)]);
    let topology = |stack: Stack| async move {
        let network = stack.reference("network")?;
        let base = stack.reference("platform/base")?;
        let group = ResourceGroup::builder(&stack, "shop")
            .location("westeurope")
            .build();
        let identity = UserAssignedIdentity::builder(&group, "who").build();
        stack.export("name", format!("{}/{}", stack.project(), stack.name()));
        stack.export("subnet", network.output::<String>("subnet")?);
        stack.export("replicas", base.output::<i64>("replicas")?);
        stack.export("tenant", identity.tenant_id());
        Ok(())
    };
    let stack = mocks.up(topology).await.unwrap();
    assert_eq!(stack.output("name"), Some(&"store/dev".into()));
    assert_eq!(stack.output("subnet"), Some(&"apps".into()));
    assert_eq!(stack.output("replicas"), Some(&Value::from(3)));
    let tenant = Value::from("11111111-2222-3333-4444-555555555555");
    assert_eq!(stack.output("tenant"), Some(&tenant));
}

/// A name that a schema gives to something a program types: a kind, a nested object, an
/// enum. Builders come out of `builder`, and facts are the provider's.
fn typed_by_programs(line: &str) -> Option<&str> {
    let name = line
        .strip_prefix("pub struct ")
        .or_else(|| line.strip_prefix("    open "))
        .or_else(|| line.strip_prefix("    closed "))?;
    let name = name
        .split(|letter: char| !letter.is_alphanumeric())
        .next()?;
    (!name.ends_with("Builder") && name != "SchemaFacts").then_some(name)
}

#[test]
fn the_prelude_has_every_generated_kind_and_enum() {
    let here = env!("CARGO_MANIFEST_DIR");
    let prelude = std::fs::read_to_string(format!("{here}/src/prelude.rs")).unwrap();
    let known: Vec<&str> = prelude
        .split(|letter: char| !letter.is_alphanumeric())
        .collect();
    let mut missing = Vec::new();
    for file in std::fs::read_dir(format!("{here}/../lazuli-azure/src/generated")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let names = text.lines().filter_map(typed_by_programs);
        missing.extend(
            names
                .filter(|name| !known.contains(name))
                .map(str::to_owned),
        );
    }
    assert!(
        missing.is_empty(),
        "add these to src/prelude.rs: {missing:?}"
    );
}
