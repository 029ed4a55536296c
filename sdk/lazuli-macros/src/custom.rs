//! What `#[derive(Inputs)]` and `#[derive(Outputs)]` write for custom kinds.
//!
//! As with components, typed-builder carries what must be given, and `build`
//! names every missing input in a sentence. What may be given is set by plain
//! methods.

mod fields;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{DeriveInput, Error, LitStr, Result, Token, Visibility, parse::ParseStream};

use self::fields::{Field, Takes};
use crate::component::pascal;

/// Methods that a builder or a handle has already.
const TAKEN_BY_BUILDER: &[&str] = &["options", "depends_on", "build", "builder"];
const TAKEN_BY_HANDLE: &[&str] = &["id", "ready", "builder"];

/// Everything for the inputs of a kind.
pub(crate) fn inputs(input: &DeriveInput) -> Result<TokenStream> {
    let kind = Kind::parse(input)?;
    let fields = fields::parse(input, TAKEN_BY_BUILDER)?;
    let (required, optional): (Vec<_>, Vec<_>) =
        fields.into_iter().partition(|field| !field.is_optional);
    let parts = [
        kind.handle(input),
        kind.given(),
        kind.required(&required),
        kind.requirements(&required),
        kind.entry(&required),
        kind.builder(&required, &optional),
    ];
    Ok(parts.into_iter().collect())
}

/// A method of the handle for each output.
pub(crate) fn outputs(input: &DeriveInput) -> Result<TokenStream> {
    let attribute = attribute(input, "#[custom(Kind)]")?;
    let kind: Ident = attribute.parse_args()?;
    let vis = &input.vis;
    let methods = fields::parse(input, TAKEN_BY_HANDLE)?;
    let methods = methods.iter().map(|field| {
        let (name, key, ty, docs) = (&field.name, &field.key, &field.whole, &field.docs);
        quote! {
            #[doc = #docs]
            #[track_caller]
            #vis fn #name(&self) -> ::lazuli::core::Output<#ty> {
                ::lazuli::core::custom::output(&self.__handle, #key)
            }
        }
    });
    let unused = unused();
    Ok(quote! {
        #unused
        impl #kind { #(#methods)* }
    })
}

fn attribute<'a>(input: &'a DeriveInput, usage: &str) -> Result<&'a syn::Attribute> {
    let mut attributes = input.attrs.iter();
    let found = attributes.find(|attribute| attribute.path().is_ident("custom"));
    found.ok_or_else(|| {
        Error::new_spanned(&input.ident, format!("say which kind it is for: `{usage}`"))
    })
}

/// A program need not use all that is written for it.
fn unused() -> TokenStream {
    quote!(#[allow(dead_code, reason = "a program need not use all that is written for it")])
}

/// Names and words of a kind.
struct Kind {
    inputs: Ident,
    handle: Ident,
    builder: Ident,
    given: Ident,
    required: Ident,
    ty: LitStr,
    noun: String,
    vis: Visibility,
}

impl Kind {
    fn parse(input: &DeriveInput) -> Result<Self> {
        let attribute = attribute(input, "#[custom(Kind, \"package:Kind\")]")?;
        let (handle, ty) = attribute.parse_args_with(|tokens: ParseStream<'_>| {
            let handle: Ident = tokens.parse()?;
            tokens.parse::<Token![,]>()?;
            Ok((handle, tokens.parse::<LitStr>()?))
        })?;
        let text = ty.value();
        if text.is_empty() || text.contains("::") || text.chars().any(char::is_whitespace) {
            let hint =
                "a type is a part of urns: write it as \"package:Kind\", without `::` and blanks";
            return Err(Error::new_spanned(ty, hint));
        }
        Ok(Self {
            inputs: input.ident.clone(),
            builder: format_ident!("{handle}Builder"),
            given: format_ident!("__{handle}Given"),
            required: format_ident!("__{handle}Required"),
            noun: words(&handle.to_string()),
            handle,
            ty,
            vis: input.vis.clone(),
        })
    }

    fn requirement(&self, field: &Field) -> Ident {
        format_ident!("__{}Needs{}", self.handle, pascal(&field.name.to_string()))
    }

    /// The handle, and what makes the struct the inputs of a kind.
    fn handle(&self, input: &DeriveInput) -> TokenStream {
        let Self {
            inputs,
            handle,
            ty,
            vis,
            ..
        } = self;
        let docs = input
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("doc"));
        let unused = unused();
        quote! {
            #(#docs)*
            #[derive(::core::clone::Clone)]
            #vis struct #handle { __handle: ::lazuli::core::Handle }

            #unused
            impl #handle {
                /// The id: known once the resource exists.
                #vis fn id(&self) -> ::lazuli::core::Output<::std::string::String> {
                    self.__handle.id()
                }
                /// Opens when the resource exists as declared.
                #[track_caller]
                #vis fn ready(&self) -> ::lazuli::core::Output<()> {
                    self.__handle.ready()
                }
            }
            impl ::lazuli::core::AsResource for #handle {
                fn handle(&self) -> &::lazuli::core::Handle { &self.__handle }
            }
            impl ::lazuli::core::IntoInput<::std::string::String> for &#handle {
                fn into_input(self) -> ::lazuli::core::Input<::std::string::String> {
                    ::lazuli::core::Input::Output(self.__handle.id())
                }
            }
            impl ::lazuli::core::custom::Inputs for #inputs {
                const TYPE: &'static str = #ty;
            }
        }
    }

    fn given(&self) -> TokenStream {
        let Self { given, vis, .. } = self;
        quote! {
            #[doc(hidden)]
            #vis struct #given { draft: ::lazuli::core::custom::Draft }
        }
    }

    /// The struct that typed-builder works on.
    fn required(&self, fields: &[Field]) -> TokenStream {
        let Self {
            builder,
            given,
            required,
            vis,
            ..
        } = self;
        let vis = quote!(#vis).to_string();
        let doc = format!("Builds a [`{}`].", self.handle);
        let fields = fields.iter().map(|field| {
            let (name, docs) = (&field.name, &field.docs);
            let (held, bound, method) = (field.held(), field.bound(), field.conversion());
            quote! {
                #[builder(setter(doc = #docs, fn transform<V: #bound>(value: V) -> #held { V::#method(value) }))]
                #name: #held
            }
        });
        quote! {
            #[derive(::lazuli::__private::TypedBuilder)]
            #[builder(
                crate_module_path = ::lazuli::__private::typed_builder,
                builder_method(vis = "", name = __start),
                build_method(vis = "", name = __finish),
                builder_type(vis = #vis, name = #builder, doc = #doc),
            )]
            struct #required { __given: #given, #(#fields,)* }
        }
    }

    /// What the compiler says when an input is missing.
    fn requirements(&self, fields: &[Field]) -> TokenStream {
        let vis = &self.vis;
        let traits = fields.iter().map(|field| {
            let (name, held) = (self.requirement(field), field.held());
            let message = format!("the {} has no `{}`", self.noun, field.name);
            let label = format!("add `.{}(..)` before `.build()`", field.name);
            quote! {
                #[doc(hidden)]
                #[diagnostic::on_unimplemented(message = #message, label = #label)]
                #vis trait #name {
                    fn take(self) -> #held;
                }
                impl #name for (#held,) {
                    fn take(self) -> #held { self.0 }
                }
            }
        });
        traits.collect()
    }

    /// `Kind::builder(&parent, "name")`.
    fn entry(&self, fields: &[Field]) -> TokenStream {
        let Self {
            inputs,
            handle,
            builder,
            given,
            required,
            vis,
            ..
        } = self;
        let states = fields.iter().map(|_| quote!(()));
        let musts: Vec<_> = fields
            .iter()
            .map(|field| format!("`{}`", field.name))
            .collect();
        let noun = crate::component::with_article(&self.noun);
        let doc = if musts.is_empty() {
            format!("Begins {noun}, which `build` declares.")
        } else {
            let musts = musts.join(", ");
            format!("Begins {noun}, which `build` declares. Required: {musts}.")
        };
        quote! {
            impl #handle {
                #[doc = #doc]
                #[track_caller]
                #vis fn builder(
                    parent: &impl ::lazuli::core::custom::Parent,
                    name: &str,
                ) -> #builder<((#given,), #(#states,)*)> {
                    let draft = ::lazuli::core::custom::Draft::new::<#inputs>(parent, name);
                    #required::__start().__given(#given { draft })
                }
            }
        }
    }

    /// Optional setters and the public `build`.
    fn builder(&self, required: &[Field], optional: &[Field]) -> TokenStream {
        let Self {
            builder,
            given,
            handle,
            vis,
            noun,
            ..
        } = self;
        let states: Vec<_> = required
            .iter()
            .map(|field| format_ident!("{}", pascal(&field.name.to_string())))
            .collect();
        let requirements = required.iter().map(|field| self.requirement(field));
        let musts: Vec<_> = required.iter().map(|field| &field.name).collect();
        let sets = required.iter().map(|field| {
            let (name, key, set) = (&field.name, &field.key, field.set());
            quote!(__draft.#set(#key, #name.take());)
        });
        let setters = optional.iter().map(|field| {
            let (name, key, docs, set) = (&field.name, &field.key, &field.docs, field.set());
            let (bound, method) = (field.bound(), field.conversion());
            quote! {
                #[doc = #docs]
                #vis fn #name(mut self, value: impl #bound) -> Self {
                    self.fields.0.0.draft.#set(#key, value.#method());
                    self
                }
            }
        });
        let doc = format!("Declares the {noun}: from here on it is part of the stack.");
        let unused = unused();
        quote! {
            #unused
            impl<#(#states),*> #builder<((#given,), #(#states,)*)> {
                #(#setters)*
                /// Sets options: dependencies, protection, timeouts.
                #vis fn options(mut self, options: ::lazuli::core::Options) -> Self {
                    self.fields.0.0.draft.options(options);
                    self
                }
                /// Adds resources that must exist first, beside those that the other setters name: one
                /// (`&network`), or several (`(&network, &registry)`).
                #vis fn depends_on(mut self, resources: impl ::lazuli::core::Resources) -> Self {
                    self.fields.0.0.draft.depends_on(resources);
                    self
                }
                #[doc = #doc]
                #vis fn build(self) -> #handle
                where
                    #(#states: #requirements,)*
                {
                    let ((__given,), #(#musts,)*) = self.fields;
                    let mut __draft = __given.draft;
                    #(#sets)*
                    #handle { __handle: __draft.declare() }
                }
            }
        }
    }
}

/// `BookShelf` as `book shelf`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

impl Field {
    /// What the builder holds until `build`.
    fn held(&self) -> TokenStream {
        match &self.takes {
            Takes::Input(ty) => quote!(::lazuli::core::Input<#ty>),
            Takes::List(ty) => quote!(::lazuli::core::List<#ty>),
            Takes::Map(ty) => quote!(::lazuli::core::Map<#ty>),
        }
    }

    /// The trait that converts an argument of its setter.
    fn bound(&self) -> TokenStream {
        match &self.takes {
            Takes::Input(ty) => quote!(::lazuli::core::IntoInput<#ty>),
            Takes::List(ty) => quote!(::lazuli::core::IntoList<#ty>),
            Takes::Map(ty) => quote!(::lazuli::core::IntoMap<#ty>),
        }
    }

    fn conversion(&self) -> Ident {
        match &self.takes {
            Takes::Input(_) => format_ident!("into_input"),
            Takes::List(_) => format_ident!("into_list"),
            Takes::Map(_) => format_ident!("into_map"),
        }
    }

    /// The method of the draft.
    fn set(&self) -> Ident {
        match &self.takes {
            Takes::Input(_) => format_ident!("set"),
            Takes::List(_) => format_ident!("set_list"),
            Takes::Map(_) => format_ident!("set_map"),
        }
    }
}
