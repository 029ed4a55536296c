//! Writes one typed resource or block: the handle, its builder, its messages.
//!
//! Only what must be given is in typed-builder's type state; its cost is
//! quadratic in the number of fields. Its own `build` stays private (`finish`):
//! the public one names *every* missing argument in a sentence.

use std::fmt::Write;

use crate::naming::{article, pascal, snake};
use crate::plan::{Builder, Field, FieldShape, ResourcePart};

/// Renders everything of one builder but its messages.
pub fn render(builder: &Builder) -> String {
    let mut text = match &builder.resource {
        Some(part) => handle(builder, part),
        None => block(builder),
    };
    text.push_str(&arguments(builder));
    text.push_str(&setters(builder));
    text.push_str(&declare(builder));
    text
}

/// Renders the traits that say which argument is missing.
pub fn render_required(builder: &Builder) -> String {
    let mut text = String::new();
    for field in &builder.required {
        let (held, name) = (held(field), requirement(builder, field));
        let _ = write!(
            text,
            r#"
/// The {noun} has its `{field}`.
#[diagnostic::on_unimplemented(
    message = "the {noun} has no `{field}`",
    label = {label:?}
)]
pub trait {name} {{
    /// What was given.
    fn take(self) -> {held};
}}
impl {name} for ({held},) {{
    fn take(self) -> {held} {{ self.0 }}
}}
"#,
            noun = builder.noun,
            field = field.name,
            label = format!("add `.{}({})` before `.build()`", field.name, field.example),
        );
    }
    text
}

fn handle(builder: &Builder, part: &ResourcePart) -> String {
    let rust = &builder.rust;
    let mut text = format!(
        "/// A {noun}: `{ty}`, version {version}.\n",
        noun = builder.noun,
        ty = part.ty,
        version = part.api_version,
    );
    if !part.doc.is_empty() {
        let _ = write!(text, "///\n/// {}\n", part.doc);
    }
    let (parent, parent_ref) = match part.parent.as_str() {
        "scope" => ("&impl DeclaredIn".to_owned(), "ParentRef::top(parent)"),
        "any" => (
            "&impl AzureResource".to_owned(),
            "parent.resource().parent_ref()",
        ),
        parent => (format!("&{parent}"), "parent.resource().parent_ref()"),
    };
    let states = "(), ".repeat(builder.required.len());
    let _ = write!(
        text,
        r#"#[derive(Clone)]
pub struct {rust} {{ pub(crate) resource: Resource }}

azure_resource!({rust}, {id}{under});
{also}

impl {rust} {{
    /// The ARM type.
    pub const TYPE: &'static str = types::{constant}.as_str();

    /// Begins {article} {noun}, which `build` declares. The name is the one in the program and, unless `name` is
    /// set, the one in Azure.{must}
    #[track_caller]
    pub fn builder(parent: {parent}, name: &str) -> {rust}Builder<((Declaration,), {states})> {{
        let kind = Kind {{ ty: Self::TYPE.into(), path: IdPath::{path}, location: LocationRule::{home} }};
        {mutable}
        {preset}
        {rust}Args::start().__declaration(declaration)
    }}
{getters}}}

"#,
        id = part.id,
        under = match part.parent.as_str() {
            "scope" => ", at the top".to_owned(),
            "any" => String::new(),
            parent => format!(", under {parent}"),
        },
        also = part
            .also
            .as_ref()
            .map(|id| format!("stands_for!({rust}, {id});"))
            .unwrap_or_default(),
        article = article(&builder.noun),
        constant = part.constant,
        noun = builder.noun,
        must = must(builder),
        path = id_path(part),
        home = home(part),
        mutable = format_args!(
            "let {}declaration = Declaration::new(kind, {parent_ref}, name);",
            if part.preset.is_some() { "mut " } else { "" }
        ),
        preset = part
            .preset
            .as_ref()
            .map(|preset| format!("{preset}(&mut declaration);"))
            .unwrap_or_default(),
        getters = getters(part),
    );
    text
}

fn must(builder: &Builder) -> String {
    let names: Vec<_> = builder
        .required
        .iter()
        .map(|f| format!("`{}`", f.name))
        .collect();
    match names.as_slice() {
        [] => String::new(),
        names => format!(" Required: {}.", names.join(", ")),
    }
}

fn id_path(part: &ResourcePart) -> &'static str {
    match part.parent.as_str() {
        "scope" => "Group",
        "ResourceGroup" | "any" => "Provider",
        _ => "Child",
    }
}

fn home(part: &ResourcePart) -> &'static str {
    match part.location.as_deref() {
        Some("group") => "Group",
        Some("global") => "Global",
        _ => "None",
    }
}

fn getters(part: &ResourcePart) -> String {
    let mut text = String::new();
    if part.parent != "scope" && part.parent != "any" {
        text.push_str(
            "\n    /// The resource group it lives in.\n    pub fn group(&self) -> ResourceGroup { group_of(&self.resource) }\n",
        );
    }
    for (name, path, ty) in &part.outputs {
        let _ = write!(
            text,
            "\n    /// `{path}` of Azure's answer.\n    #[track_caller]\n    pub fn {name}(&self) -> Output<{ty}> {{ self.resource.handle().property({path:?}) }}\n"
        );
    }
    text
}

fn block(builder: &Builder) -> String {
    let (rust, noun) = (&builder.rust, &builder.noun);
    let states = "(), ".repeat(builder.required.len());
    format!(
        r#"/// The {noun} of a resource.
#[derive(Debug, Clone)]
pub struct {rust}(Block);

impl {rust} {{
    /// Begins {article} {noun}.{must}
    pub fn builder() -> {rust}Builder<((Block,), {states})> {{
        {rust}Args::start().__declaration(Block::default())
    }}
}}

impl ToProperty for {rust} {{
    fn to_property(self) -> Property {{ self.0.to_property() }}
}}

"#,
        article = article(noun),
        must = must(builder),
    )
}

/// The struct that typed-builder works on.
fn arguments(builder: &Builder) -> String {
    let (rust, carrier) = (&builder.rust, carrier(builder));
    let mut text = format!(
        r#"#[derive(TypedBuilder)]
#[builder(
    builder_method(vis = "", name = start),
    build_method(vis = "", name = finish),
    builder_type(vis = "pub", name = {rust}Builder, doc = "Builds a [`{rust}`].")
)]
struct {rust}Args {{
    __declaration: {carrier},
"#
    );
    for field in &builder.required {
        let (ty, held) = (&field.ty, held(field));
        let setter = match field.shape {
            FieldShape::Value => format!(
                "fn transform<V: IntoInput<{ty}>>(value: V) -> {held} {{ value.into_input() }}"
            ),
            FieldShape::List => format!(
                "fn transform<V: IntoList<{ty}>>(values: V) -> {held} {{ values.into_list() }}"
            ),
            FieldShape::Map => format!(
                "fn transform<V: IntoMap<{ty}>>(values: V) -> {held} {{ values.into_map() }}"
            ),
            FieldShape::Convert => format!(
                "fn transform<V: Into{ty}>(value: V) -> {held} {{ value.into_{}() }}",
                snake(ty)
            ),
            FieldShape::Plain => String::new(),
        };
        let _ = writeln!(text, "    /// {}", field.doc);
        if !setter.is_empty() {
            let _ = writeln!(text, "    #[builder(setter({setter}))]");
        }
        let _ = writeln!(text, "    {}: {held},", field.name);
    }
    text.push_str("}\n\n");
    text
}

/// The optional setters and the public `build`.
fn setters(builder: &Builder) -> String {
    let (rust, carrier) = (&builder.rust, carrier(builder));
    let states: Vec<_> = builder.required.iter().map(|f| pascal(&f.name)).collect();
    let states = states.join(", ");
    let comma = if states.is_empty() { "" } else { "," };
    let mut text = format!("impl<{states}> {rust}Builder<(({carrier},), {states}{comma})> {{\n");
    for field in &builder.optional {
        text.push_str(&setter(field));
    }
    text.push_str(match builder.resource {
        Some(_) => RESOURCE_SETTERS,
        None => BLOCK_SETTERS,
    });
    let _ = write!(
        text,
        r#"
    /// Sets a property that has no method of its own, at a dotted path of the request.
    pub fn property(mut self, path: &str, value: impl AnyProperty) -> Self {{
        self.fields.0.0.put(path, value.into_property());
        self
    }}

    {build}
}}

"#,
        build = build(builder),
    );
    text
}

fn setter(field: &Field) -> String {
    let (takes, method) = match field.shape {
        FieldShape::Value => (format!("impl IntoInput<{}>", field.ty), "set"),
        FieldShape::List => (format!("impl IntoList<{}>", field.ty), "set_list"),
        FieldShape::Map => (format!("impl IntoMap<{}>", field.ty), "set_map"),
        FieldShape::Plain | FieldShape::Convert => (field.ty.clone(), "set"),
    };
    format!(
        r#"
    /// {doc}
    pub fn {name}(mut self, value: {takes}) -> Self {{
        self.fields.0.0.{method}::<{ty}>({path:?}, value);
        self
    }}
"#,
        ty = field.ty,
        doc = field.doc,
        name = field.name,
        path = field.path.as_deref().unwrap_or_default(),
    )
}

fn build(builder: &Builder) -> String {
    let rust = &builder.rust;
    let fields: Vec<_> = builder.required.iter().map(|f| f.name.clone()).collect();
    let bounds: String = builder
        .required
        .iter()
        .map(|f| {
            format!(
                "{}: required::{},",
                pascal(&f.name),
                requirement(builder, f)
            )
        })
        .collect();
    let noun = &builder.noun;
    let doc = match builder.resource {
        Some(_) => format!("Declares the {noun}: from here on it is part of the stack."),
        None => format!("Finishes the {noun}."),
    };
    if fields.is_empty() {
        return format!("/// {doc}\npub fn build(self) -> {rust} {{ self.finish().declare() }}");
    }
    let taken: String = fields.iter().map(|f| format!("({f}.take(),), ")).collect();
    format!(
        r#"/// {doc}
    pub fn build(self) -> {rust} where {bounds} {{
        let (declaration, {names}) = self.fields;
        let whole = {rust}Builder {{
            fields: (declaration, {taken}),
            phantom: self.phantom,
        }};
        whole.finish().declare()
    }}"#,
        names = fields.join(", "),
    )
}

const RESOURCE_SETTERS: &str = r#"
    /// Gives it another name in Azure than in the program.
    pub fn name(mut self, name: impl IntoInput<String>) -> Self {
        self.fields.0.0.rename(name);
        self
    }

    /// Sets options: dependencies, protection, timeouts.
    pub fn options(mut self, options: Options) -> Self {
        self.fields.0.0.options(options);
        self
    }

    /// Adds resources that must exist first, beside those that the other setters name: one
    /// (`&network`), or several (`(&network, &registry)`).
    pub fn depends_on(mut self, resources: impl Resources) -> Self {
        self.fields.0.0.depends_on(resources);
        self
    }

    /// Calls a setter if there is a value: `.maybe(sku, |it, sku| it.sku(sku))`.
    pub fn maybe<V>(self, value: Option<V>, set: impl FnOnce(Self, V) -> Self) -> Self {
        match value {
            Some(value) => set(self, value),
            None => self,
        }
    }
"#;

const BLOCK_SETTERS: &str = r#"
    /// Calls a setter if there is a value: `.maybe(sku, |it, sku| it.sku(sku))`.
    pub fn maybe<V>(self, value: Option<V>, set: impl FnOnce(Self, V) -> Self) -> Self {
        match value {
            Some(value) => set(self, value),
            None => self,
        }
    }

    /// Adds to a list, at a dotted path of the request, instead of setting it.
    pub fn extend(mut self, path: &str, value: impl AnyProperty) -> Self {
        self.fields.0.0.extend(path, value.into_property());
        self
    }
"#;

/// From the arguments to a resource or a block.
fn declare(builder: &Builder) -> String {
    let rust = &builder.rust;
    let mut lines = String::new();
    let mut composed = Vec::new();
    for field in &builder.required {
        let method = match field.shape {
            FieldShape::Value | FieldShape::Plain | FieldShape::Convert => "set",
            FieldShape::List => "set_list",
            FieldShape::Map => "set_map",
        };
        match &field.path {
            Some(path) => {
                let _ = writeln!(
                    lines,
                    "        declaration.{method}::<{}>({path:?}, self.{});",
                    field.ty, field.name
                );
            }
            None => composed.push(format!("self.{}", field.name)),
        }
    }
    let compose = builder
        .resource
        .as_ref()
        .and_then(|part| part.compose.as_ref());
    if let Some(compose) = compose {
        let _ = writeln!(
            lines,
            "        {compose}(&mut declaration, {});",
            composed.join(", ")
        );
    }
    let mutable = if lines.is_empty() { "" } else { "mut " };
    let result = match builder.resource {
        Some(_) => format!("{rust} {{ resource: declaration.declare() }}"),
        None => format!("{rust}(declaration)"),
    };
    format!(
        "impl {rust}Args {{\n    fn declare(self) -> {rust} {{\n        let {mutable}declaration = self.__declaration;\n{lines}        {result}\n    }}\n}}\n\n"
    )
}

fn carrier(builder: &Builder) -> &'static str {
    match builder.resource {
        Some(_) => "Declaration",
        None => "Block",
    }
}

/// What the type state holds of a field.
fn held(field: &Field) -> String {
    let ty = &field.ty;
    match field.shape {
        FieldShape::Value => format!("Input<{ty}>"),
        FieldShape::List => format!("List<{ty}>"),
        FieldShape::Map => format!("Map<{ty}>"),
        FieldShape::Plain | FieldShape::Convert => ty.clone(),
    }
}

fn requirement(builder: &Builder, field: &Field) -> String {
    format!("{}Needs{}", builder.rust, pascal(&field.name))
}
