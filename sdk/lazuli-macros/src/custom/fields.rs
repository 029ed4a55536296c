//! What is read from the fields of a custom kind's inputs and outputs.

use proc_macro2::Ident;
use syn::{Attribute, Data, DeriveInput, Error, Expr, Fields, LitStr, Result, Type};

use crate::arguments::inner;

/// Types of elements that become known one by one.
const PLAIN: &[&str] = &["bool", "String", "i32", "i64", "u16", "u32", "f64", "Value"];

/// One input or output.
pub(crate) struct Field {
    pub(crate) name: Ident,
    /// Its name in the serialised struct.
    pub(crate) key: String,
    pub(crate) docs: String,
    /// Its type as written.
    pub(crate) whole: Type,
    pub(crate) takes: Takes,
    pub(crate) is_optional: bool,
}

/// What a setter takes.
pub(crate) enum Takes {
    /// A value or an output of it.
    Input(Type),
    /// A list of values and outputs.
    List(Type),
    /// A map of values and outputs.
    Map(Type),
}

/// The fields of a struct; `taken` names must not be used.
pub(crate) fn parse(input: &DeriveInput, taken: &[&str]) -> Result<Vec<Field>> {
    for attribute in serde(&input.attrs) {
        attribute.parse_nested_meta(|meta| match meta.path.is_ident("deny_unknown_fields") {
            true => Ok(()),
            false => Err(meta.error(
                "this would change the form of the struct: write `rename` at single fields",
            )),
        })?;
    }
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(
            input,
            "inputs and outputs of a kind are structs",
        ));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(
            input,
            "inputs and outputs of a kind have names",
        ));
    };
    fields
        .named
        .iter()
        .map(|field| Field::parse(field, taken))
        .collect()
}

fn serde(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("serde"))
}

impl Field {
    fn parse(field: &syn::Field, taken: &[&str]) -> Result<Self> {
        let name = field
            .ident
            .clone()
            .ok_or_else(|| Error::new_spanned(field, "a field has a name"))?;
        if taken.iter().any(|taken| name == taken) {
            let hint = format!("`{name}` is a method that is there already: choose another name");
            return Err(Error::new_spanned(name, hint));
        }
        let mut key = name.to_string().trim_start_matches("r#").to_owned();
        let option = inner(&field.ty, "Option");
        let mut is_optional = option.is_some();
        for attribute in serde(&field.attrs) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("rename") {
                    key = meta.value()?.parse::<LitStr>()?.value();
                } else if meta.path.is_ident("default") {
                    is_optional = true;
                    if meta.input.peek(syn::Token![=]) {
                        meta.value()?.parse::<LitStr>()?;
                    }
                } else if meta.path.is_ident("skip_serializing_if") || meta.path.is_ident("alias") {
                    meta.value()?.parse::<LitStr>()?;
                } else {
                    return Err(meta
                        .error("expected `default`, `rename`, `alias` or `skip_serializing_if`"));
                }
                Ok(())
            })?;
        }
        Ok(Self {
            docs: docs(&field.attrs).unwrap_or_else(|| format!("`{name}`.")),
            takes: takes(option.unwrap_or(&field.ty)),
            whole: field.ty.clone(),
            name,
            key,
            is_optional,
        })
    }
}

fn takes(ty: &Type) -> Takes {
    if let Some(element) = inner(ty, "Vec").filter(|element| is_plain(element)) {
        return Takes::List(element.clone());
    }
    match value_of_map(ty).filter(|value| is_plain(value)) {
        Some(value) => Takes::Map(value.clone()),
        None => Takes::Input(ty.clone()),
    }
}

fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => path
            .path
            .get_ident()
            .is_some_and(|name| PLAIN.iter().any(|plain| name == plain)),
        _ => false,
    }
}

/// `T` of `BTreeMap<String, T>`.
fn value_of_map(ty: &Type) -> Option<&Type> {
    let key = inner(ty, "BTreeMap")?;
    let (Type::Path(path), Type::Path(key)) = (ty, key) else {
        return None;
    };
    let syn::PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments
    else {
        return None;
    };
    match arguments.args.iter().nth(1)? {
        syn::GenericArgument::Type(value) if key.path.is_ident("String") => Some(value),
        _ => None,
    }
}

fn docs(attributes: &[Attribute]) -> Option<String> {
    let lines = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(text),
                    ..
                }) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        });
    let text = lines.collect::<Vec<_>>().join("\n");
    Some(text).filter(|text| !text.is_empty())
}
