//! Facts and decisions joined: which builders there are, with which fields.

use std::collections::{BTreeMap, BTreeSet};

use crate::GenError;
use crate::naming;
use crate::record::{BlockRecord, BuilderRecord, FieldRecord, OutputRecord, Record, ValuesRecord};
use crate::schema::{Schema, Shape};

/// Members that no builder offers: concurrency tokens and edge zones are no
/// business of a program's.
const SKIPPED: [&str; 2] = ["etag", "extendedLocation"];

/// All that will be written.
#[derive(Debug)]
pub struct Plan {
    /// One file each.
    pub modules: Vec<Module>,
}

/// One generated file.
#[derive(Debug, Default)]
pub struct Module {
    /// File and module name.
    pub name: String,
    /// Enums of this module, by name.
    pub enums: BTreeMap<String, Enum>,
    /// Builders, in the order of the records.
    pub builders: Vec<Builder>,
}

/// An enum of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enum {
    /// Whether further values may come.
    pub open: bool,
    /// What it is.
    pub doc: String,
    /// Texts on the wire.
    pub values: Vec<String>,
}

/// A builder: of a resource, or of a nested block.
#[derive(Debug)]
pub struct Builder {
    /// Rust name of what is built.
    pub rust: String,
    /// Words for messages.
    pub noun: String,
    /// Fields in the type state, in the order of the messages.
    pub required: Vec<Field>,
    /// Plain setters, by name.
    pub optional: Vec<Field>,
    /// What only resources have.
    pub resource: Option<ResourcePart>,
}

/// What only resources have.
#[derive(Debug)]
pub struct ResourcePart {
    /// ARM type.
    pub ty: String,
    /// How Rust code names the type.
    pub constant: String,
    /// Pinned version.
    pub api_version: String,
    /// See [`Record::parent`].
    pub parent: String,
    /// See [`Record::location`].
    pub location: Option<String>,
    /// Typed id.
    pub id: String,
    /// Second typed id.
    pub also: Option<String>,
    /// Further doc.
    pub doc: String,
    /// See [`BuilderRecord::compose`].
    pub compose: Option<String>,
    /// See [`BuilderRecord::preset`].
    pub preset: Option<String>,
    /// Name, path and Rust type of typed getters.
    pub outputs: Vec<(String, String, String)>,
}

/// A setter.
#[derive(Debug, Clone)]
pub struct Field {
    /// Rust name.
    pub name: String,
    /// Dotted path of the property.
    pub path: Option<String>,
    /// What it takes.
    pub shape: FieldShape,
    /// Rust type of the value or of an element.
    pub ty: String,
    /// What it is, in a sentence.
    pub doc: String,
    /// Argument in the message for a missing field.
    pub example: String,
}

/// What a setter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldShape {
    /// A value or an output.
    Value,
    /// A list.
    List,
    /// A map of texts.
    Map,
    /// A value that decides on the request's shape, so never an output.
    Plain,
    /// What a trait of its own (`Into` + the type's name) makes of the argument.
    Convert,
}

/// Joins facts and decisions.
///
/// # Errors
/// The records name what the schema does not have, or contradict themselves.
pub fn plan(records: &[Record], schemas: &BTreeMap<String, Schema>) -> Result<Plan, GenError> {
    let mut modules: BTreeMap<String, Module> = BTreeMap::new();
    for record in records {
        for values in &record.values {
            add_enum(
                &mut modules,
                module_of(record)?,
                &values.rust,
                by_hand(values),
            )?;
        }
    }
    for record in records {
        for block in &record.blocks {
            let builder = block_builder(records, schemas, (record, block), &mut modules)?;
            module(&mut modules, module_of(record)?)
                .builders
                .push(builder);
        }
    }
    for record in records {
        for decided in &record.builders {
            let builder = resource_builder(records, schemas, (record, decided), &mut modules)?;
            module(&mut modules, module_of(record)?)
                .builders
                .push(builder);
        }
    }
    Ok(Plan {
        modules: modules.into_values().collect(),
    })
}

fn module_of(record: &Record) -> Result<&str, GenError> {
    let found = record.module.as_deref();
    found.ok_or_else(|| GenError::Record(format!("{} has builders but no `module`", record.ty)))
}

fn module<'a>(modules: &'a mut BTreeMap<String, Module>, name: &str) -> &'a mut Module {
    modules.entry(name.to_owned()).or_insert_with(|| Module {
        name: name.to_owned(),
        ..Module::default()
    })
}

fn by_hand(values: &ValuesRecord) -> Enum {
    Enum {
        open: values.open,
        doc: values.doc.clone(),
        values: values.values.clone(),
    }
}

fn add_enum(
    modules: &mut BTreeMap<String, Module>,
    place: &str,
    name: &str,
    made: Enum,
) -> Result<(), GenError> {
    let enums = &mut module(modules, place).enums;
    match enums.get(name) {
        Some(known) if known.values != made.values => Err(GenError::Record(format!(
            "two enums called {name} in {place} have different values"
        ))),
        Some(_) => Ok(()),
        None => {
            enums.insert(name.to_owned(), made);
            Ok(())
        }
    }
}

/// Where fields are looked for: a shape of a schema, and the decisions on it.
struct Source<'a> {
    records: &'a [Record],
    schema: &'a Schema,
    shape: &'a Shape,
    rust: &'a str,
    module: &'a str,
    skip: &'a [String],
    fields: &'a BTreeMap<String, FieldRecord>,
    enums: &'a BTreeMap<String, String>,
}

fn block_builder(
    records: &[Record],
    schemas: &BTreeMap<String, Schema>,
    (record, block): (&Record, &BlockRecord),
    modules: &mut BTreeMap<String, Module>,
) -> Result<Builder, GenError> {
    let schema = schema_of(schemas, &record.ty)?;
    let shape = schema
        .defs
        .get(&block.def)
        .ok_or_else(|| GenError::Record(format!("{} has no shape `{}`", record.ty, block.def)))?;
    let source = Source {
        records,
        schema,
        shape,
        rust: &block.rust,
        module: module_of(record)?,
        skip: &block.skip,
        fields: &block.fields,
        enums: &block.enums,
    };
    let fields = source.fields(modules)?;
    let must: BTreeSet<&String> = shape
        .props
        .iter()
        .filter(|(_, property)| property.required && !property.read_only)
        .map(|(name, _)| name)
        .collect();
    let (required, optional) = fields
        .into_iter()
        .partition(|field| field.path.as_ref().is_some_and(|path| must.contains(path)));
    Ok(Builder {
        rust: block.rust.clone(),
        noun: block.noun.clone(),
        required,
        optional,
        resource: None,
    })
}

fn resource_builder(
    records: &[Record],
    schemas: &BTreeMap<String, Schema>,
    (record, resource): (&Record, &BuilderRecord),
    modules: &mut BTreeMap<String, Module>,
) -> Result<Builder, GenError> {
    let schema = schema_of(schemas, &record.ty)?;
    let request = schema
        .request()
        .ok_or_else(|| GenError::Record(format!("{} has no body", record.ty)))?;
    let source = Source {
        records,
        schema,
        shape: request,
        rust: &resource.rust,
        module: module_of(record)?,
        skip: &resource.skip,
        fields: &resource.fields,
        enums: &resource.enums,
    };
    let mut optional = source.fields(modules)?;
    if record.location.as_deref() == Some("global") {
        optional.retain(|field| field.path.as_deref() != Some("location"));
    }
    let mut required = Vec::new();
    for name in &resource.required {
        let at = optional.iter().position(|field| field.name == *name);
        let at =
            at.ok_or_else(|| GenError::Record(format!("{} has no field `{name}`", resource.rust)))?;
        required.push(optional.remove(at));
    }
    if let Some(stray) = optional.iter().find(|field| field.path.is_none()) {
        return Err(GenError::Record(format!(
            "field `{}` of {} has no path and is not required",
            stray.name, resource.rust
        )));
    }
    Ok(Builder {
        rust: resource.rust.clone(),
        noun: resource.noun.clone(),
        required,
        optional,
        resource: Some(resource_part((record, resource), schema, request)?),
    })
}

fn resource_part(
    (record, resource): (&Record, &BuilderRecord),
    schema: &Schema,
    request: &Shape,
) -> Result<ResourcePart, GenError> {
    let parent = record.parent.as_ref();
    let parent = parent
        .ok_or_else(|| GenError::Record(format!("{} has builders but no `parent`", record.ty)))?;
    let mut outputs = Vec::new();
    for (name, output) in &resource.outputs {
        let (path, ty) = match output {
            OutputRecord::Typed { path, ty } => (path, Some(ty.clone())),
            OutputRecord::Path(path) => (path, None),
        };
        let shape = schema
            .at(request, path)
            .ok_or_else(|| no_path(&resource.rust, path))?;
        let ty = ty.unwrap_or_else(|| answer_type(schema.resolve(shape)));
        outputs.push((name.clone(), path.clone(), ty));
    }
    Ok(ResourcePart {
        ty: record.ty.clone(),
        constant: record.constant.clone(),
        api_version: schema.api_version.clone(),
        parent: parent.clone(),
        location: record.location.clone(),
        id: resource.id.clone(),
        also: resource.also.clone(),
        doc: resource.doc.clone(),
        compose: resource.compose.clone(),
        preset: resource.preset.clone(),
        outputs,
    })
}

fn schema_of<'a>(schemas: &'a BTreeMap<String, Schema>, ty: &str) -> Result<&'a Schema, GenError> {
    schemas
        .get(ty)
        .ok_or_else(|| GenError::Record(format!("{ty} has builders but no `schema`")))
}

fn no_path(rust: &str, path: &str) -> GenError {
    GenError::Record(format!("{rust}: the schema has no `{path}`"))
}

/// Rust type of a property of the answer.
fn answer_type(shape: &Shape) -> String {
    match (shape.t.as_str(), &shape.items) {
        ("bool", _) => "bool".to_owned(),
        ("int", _) => "i64".to_owned(),
        ("array", Some(items)) => format!("Vec<{}>", answer_type(items)),
        ("string" | "enum", _) => "String".to_owned(),
        _ => "Value".to_owned(),
    }
}

impl Source<'_> {
    /// Every field: those of the record, and those that the schema gives.
    fn fields(&self, modules: &mut BTreeMap<String, Module>) -> Result<Vec<Field>, GenError> {
        let mut fields = Vec::new();
        for (name, decided) in self.fields {
            fields.push(self.decided(name, decided, modules)?);
        }
        let taken: BTreeSet<String> = fields.iter().filter_map(|f| f.path.clone()).collect();
        for (path, shape) in self.writable() {
            if taken.contains(&path) || self.skip.contains(&path) {
                continue;
            }
            let last = path.rsplit('.').next().unwrap_or(&path);
            if let Some((kind, ty)) = self.typed(&path, shape, modules)? {
                fields.push(Field {
                    name: naming::setter(last),
                    shape: kind,
                    ty,
                    doc: format!("Sets `{path}`."),
                    example: "..".to_owned(),
                    path: Some(path),
                });
            }
        }
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(fields)
    }

    /// Properties that a request may hold: of the top, and of `properties`.
    fn writable(&self) -> Vec<(String, &Shape)> {
        let mut found = Vec::new();
        for (name, shape) in &self.shape.props {
            if name == "properties" {
                let inner = &self.schema.resolve(shape).props;
                let inner = inner.iter().filter(|(_, shape)| offered(shape));
                found.extend(inner.map(|(name, shape)| (format!("properties.{name}"), shape)));
            } else if offered(shape) && !SKIPPED.contains(&name.as_str()) {
                found.push((name.clone(), shape));
            }
        }
        found
    }

    fn decided(
        &self,
        name: &str,
        decided: &FieldRecord,
        modules: &mut BTreeMap<String, Module>,
    ) -> Result<Field, GenError> {
        let mut known = None;
        if let Some(path) = &decided.path {
            let shape = self.schema.at(self.shape, path);
            let shape = shape.ok_or_else(|| no_path(self.rust, path))?;
            known = self.typed(path, shape, modules).ok().flatten();
        }
        let shape = match decided.shape.as_deref() {
            Some("value") => FieldShape::Value,
            Some("list") => FieldShape::List,
            Some("map") => FieldShape::Map,
            Some("plain") => FieldShape::Plain,
            Some("convert") => FieldShape::Convert,
            Some(other) => {
                return Err(GenError::Record(format!("{name}: no such shape {other}")));
            }
            None => known.as_ref().map_or(FieldShape::Value, |known| known.0),
        };
        let ty = decided.ty.clone().or(known.map(|known| known.1));
        let ty =
            ty.ok_or_else(|| GenError::Record(format!("{}.{name} needs a type", self.rust)))?;
        let doc = match (&decided.doc, &decided.path) {
            (Some(doc), Some(path)) => format!("{doc} (`{path}`)."),
            (Some(doc), None) => format!("{doc}."),
            (None, Some(path)) => format!("Sets `{path}`."),
            (None, None) => format!("Sets the {}.", name.replace('_', " ")),
        };
        Ok(Field {
            name: name.to_owned(),
            path: decided.path.clone(),
            shape,
            ty,
            doc,
            example: decided.example.clone().unwrap_or_else(|| "..".to_owned()),
        })
    }

    /// How a property is set; `None` for what only `property(..)` reaches.
    fn typed(
        &self,
        path: &str,
        shape: &Shape,
        modules: &mut BTreeMap<String, Module>,
    ) -> Result<Option<(FieldShape, String)>, GenError> {
        if path == "identity" {
            return Ok(Some((FieldShape::Value, "Identity".to_owned())));
        }
        if let Some(block) = self.block_of(shape) {
            return Ok(Some((FieldShape::Value, block)));
        }
        let resolved = self.schema.resolve(shape);
        let value = |ty: &str| Ok(Some((FieldShape::Value, ty.to_owned())));
        match resolved.t.as_str() {
            "string" => value("String"),
            "bool" => value("bool"),
            "int" if resolved.format.as_deref() == Some("double") => value("f64"),
            "int" => value("i64"),
            "enum" => {
                let name = self.enum_name(path);
                let made = Enum {
                    open: resolved.open,
                    doc: format!("Values of `{path}` of {}.", article(self.rust)),
                    values: resolved.values.clone(),
                };
                add_enum(modules, self.module, &name, made)?;
                value(&name)
            }
            "array" => {
                let Some(items) = &resolved.items else {
                    return Ok(None);
                };
                let element = self.typed(path, items, modules)?;
                Ok(element.and_then(|(shape, ty)| {
                    (shape == FieldShape::Value).then_some((FieldShape::List, ty))
                }))
            }
            "object" if resolved.props.is_empty() => {
                let texts = resolved
                    .extra
                    .as_ref()
                    .is_some_and(|extra| extra.t == "string");
                Ok(texts.then(|| (FieldShape::Map, "String".to_owned())))
            }
            _ => Ok(None),
        }
    }

    fn block_of(&self, shape: &Shape) -> Option<String> {
        let name = shape.reference.as_ref()?;
        let own = &self.schema.ty;
        let blocks = self.records.iter().flat_map(|record| {
            let of = |block: &&BlockRecord| record.ty == *own || block.shared.contains(own);
            record.blocks.iter().filter(of)
        });
        let mut named = blocks.filter(|block| block.def == *name);
        named.next().map(|block| block.rust.clone())
    }

    fn enum_name(&self, path: &str) -> String {
        self.enums.get(path).cloned().unwrap_or_else(|| {
            let last = path.rsplit('.').next().unwrap_or(path);
            format!("{}{}", self.rust, naming::pascal(last))
        })
    }
}

fn offered(shape: &Shape) -> bool {
    !shape.read_only && !shape.constant
}

/// A link to the builder's type, for docs.
fn article(rust: &str) -> String {
    format!("[`{rust}`]")
}
