//! What is read from the struct of a component's arguments.

use syn::{
    Attribute, Data, DeriveInput, Error, Expr, Fields, GenericArgument, Ident, LitStr,
    PathArguments, Result, Token, Type, parse::ParseStream,
};

/// The arguments of a component.
pub(crate) struct Arguments {
    /// The struct.
    pub(crate) name: Ident,
    /// What is built.
    pub(crate) component: Ident,
    /// Words for messages.
    pub(crate) noun: String,
    pub(crate) parent: Argument,
    pub(crate) logical_name: Argument,
    pub(crate) required: Vec<Argument>,
    pub(crate) optional: Vec<Argument>,
}

/// One argument.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) role: Role,
    pub(crate) example: String,
}

/// What an argument is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Parent,
    Name,
    Required,
    Optional,
}

/// What a setter takes for a type.
pub(crate) enum Takes<'a> {
    /// `Input<T>`: values, outputs and handles.
    Input(&'a Type),
    /// `List<T>`.
    List(&'a Type),
    /// `Map<T>`.
    Map(&'a Type),
    /// A value or a reference to one.
    Value(&'a Type),
}

impl Arguments {
    pub(crate) fn parse(input: &DeriveInput) -> Result<Self> {
        let (component, noun) = header(input)?;
        let Data::Struct(data) = &input.data else {
            return Err(Error::new_spanned(
                input,
                "the arguments of a component are a struct",
            ));
        };
        let Fields::Named(fields) = &data.fields else {
            return Err(Error::new_spanned(
                input,
                "the arguments of a component have names",
            ));
        };
        let mut all = fields
            .named
            .iter()
            .map(Argument::parse)
            .collect::<Result<Vec<_>>>()?;
        let parent = only(&mut all, Role::Parent, input, "parent")?;
        let logical_name = only(&mut all, Role::Name, input, "name")?;
        let (required, optional) = all
            .into_iter()
            .partition(|argument| argument.role == Role::Required);
        Ok(Self {
            name: input.ident.clone(),
            component,
            noun,
            parent,
            logical_name,
            required,
            optional,
        })
    }
}

/// `#[component(Kind, "words")]`.
fn header(input: &DeriveInput) -> Result<(Ident, String)> {
    let attribute = input
        .attrs
        .iter()
        .find(|attribute| attribute.path().is_ident("component"));
    let attribute = attribute.ok_or_else(|| {
        let hint = "say what is built: `#[component(Kind, \"words for messages\")]`";
        Error::new_spanned(&input.ident, hint)
    })?;
    attribute.parse_args_with(|tokens: ParseStream<'_>| {
        let component: Ident = tokens.parse()?;
        tokens.parse::<Token![,]>()?;
        let noun: LitStr = tokens.parse()?;
        Ok((component, noun.value()))
    })
}

fn only(all: &mut Vec<Argument>, role: Role, input: &DeriveInput, word: &str) -> Result<Argument> {
    let mut found = all.extract_if(.., |argument| argument.role == role);
    match (found.next(), found.next()) {
        (Some(argument), None) => Ok(argument),
        (None, _) => Err(Error::new_spanned(
            &input.ident,
            format!("mark one field with `#[component({word})]`"),
        )),
        (_, Some(second)) => Err(Error::new_spanned(
            second.name,
            format!("only one field can be `#[component({word})]`"),
        )),
    }
}

impl Argument {
    fn parse(field: &syn::Field) -> Result<Self> {
        let name = field
            .ident
            .clone()
            .ok_or_else(|| Error::new_spanned(field, "a field has a name"))?;
        let mut role = if inner(&field.ty, "Option").is_some() {
            Role::Optional
        } else {
            Role::Required
        };
        let mut example = "..".to_owned();
        for attribute in field
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("component"))
        {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("parent") {
                    role = Role::Parent;
                } else if meta.path.is_ident("name") {
                    role = Role::Name;
                } else if meta.path.is_ident("default") {
                    role = Role::Optional;
                } else if meta.path.is_ident("example") {
                    example = meta.value()?.parse::<LitStr>()?.value();
                } else {
                    return Err(
                        meta.error("expected `parent`, `name`, `default` or `example = \"..\"`")
                    );
                }
                Ok(())
            })?;
        }
        let docs = field
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("doc"))
            .cloned();
        Ok(Self {
            name,
            ty: field.ty.clone(),
            docs: docs.collect(),
            role,
            example,
        })
    }

    /// Whether the type says that it may be left out.
    pub(crate) fn is_option(&self) -> bool {
        inner(&self.ty, "Option").is_some()
    }

    /// What its setter takes; of `Option<T>`, what goes into it.
    pub(crate) fn takes(&self) -> Takes<'_> {
        let ty = inner(&self.ty, "Option").unwrap_or(&self.ty);
        if let Some(value) = inner(ty, "Input") {
            Takes::Input(value)
        } else if let Some(element) = inner(ty, "List") {
            Takes::List(element)
        } else if let Some(element) = inner(ty, "Map") {
            Takes::Map(element)
        } else {
            Takes::Value(ty)
        }
    }

    /// The doc of its setter as a text, for messages and generated docs.
    pub(crate) fn doc_text(&self) -> String {
        let lines = self
            .docs
            .iter()
            .filter_map(|attribute| match &attribute.meta {
                syn::Meta::NameValue(pair) => match &pair.value {
                    Expr::Lit(literal) => match &literal.lit {
                        syn::Lit::Str(text) => Some(text.value().trim().to_owned()),
                        _ => None,
                    },
                    _ => None,
                },
                _ => None,
            });
        let text = lines.collect::<Vec<_>>().join("\n");
        match text.is_empty() {
            true => format!("Sets `{}`.", self.name),
            false => text,
        }
    }
}

/// `T` of `Wrapper<T>`.
pub(crate) fn inner<'a>(ty: &'a Type, wrapper: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) if last.ident == wrapper => Some(inner),
        _ => None,
    }
}
