//! What `#[derive(Component)]` writes.
//!
//! typed-builder carries what must be given; its own `build` stays private, and
//! the one written here names every missing argument in a sentence. What may be
//! given is set by plain methods, which costs the compiler next to nothing.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::arguments::{Argument, Arguments, Takes};

/// Everything for one component.
pub(crate) fn expand(arguments: &Arguments) -> TokenStream {
    let names = Names::of(arguments);
    let parts = [
        given(arguments, &names),
        required(arguments, &names),
        requirements(arguments),
        entry(arguments, &names),
        builder(arguments, &names),
    ];
    parts.into_iter().collect()
}

/// Names of the types written.
struct Names {
    builder: Ident,
    given: Ident,
    required: Ident,
}

impl Names {
    fn of(arguments: &Arguments) -> Self {
        let component = &arguments.component;
        Self {
            builder: format_ident!("{component}Builder"),
            given: format_ident!("__{component}Given"),
            required: format_ident!("__{component}Required"),
        }
    }
}

fn requirement(arguments: &Arguments, argument: &Argument) -> Ident {
    format_ident!(
        "__{}Needs{}",
        arguments.component,
        pascal(&argument.name.to_string())
    )
}

pub(crate) fn pascal(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_ascii_uppercase().to_string() + letters.as_str()
        })
    });
    words.collect()
}

/// `a registry`, `an endpoint`.
pub(crate) fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {noun}")
}

/// Parent, name, and what may be left out.
fn given(arguments: &Arguments, names: &Names) -> TokenStream {
    let given = &names.given;
    let (parent, name) = (&arguments.parent, &arguments.logical_name);
    let (parent, parent_ty, name, name_ty) = (&parent.name, &parent.ty, &name.name, &name.ty);
    let optional = arguments.optional.iter().map(|argument| {
        let (name, ty) = (&argument.name, &argument.ty);
        quote!(#name: #ty)
    });
    quote! {
        #[doc(hidden)]
        pub struct #given { #parent: #parent_ty, #name: #name_ty, #(#optional,)* }
    }
}

/// The struct that typed-builder works on.
fn required(arguments: &Arguments, names: &Names) -> TokenStream {
    let Names {
        builder,
        given,
        required,
    } = names;
    let doc = format!("Builds a [`{}`].", arguments.component);
    let fields = arguments.required.iter().map(|argument| {
        let (name, ty, docs) = (&argument.name, &argument.ty, argument.doc_text());
        let (bound, method) = conversion(argument);
        quote! {
            #[builder(setter(doc = #docs, fn transform<V: #bound>(value: V) -> #ty { V::#method(value) }))]
            #name: #ty
        }
    });
    quote! {
        #[derive(::lazuli::__private::TypedBuilder)]
        #[builder(
            crate_module_path = ::lazuli::__private::typed_builder,
            builder_method(vis = "", name = __start),
            build_method(vis = "", name = __finish),
            builder_type(vis = "pub", name = #builder, doc = #doc),
        )]
        struct #required { __given: #given, #(#fields,)* }
    }
}

/// The trait that converts an argument, and its method.
fn conversion(argument: &Argument) -> (TokenStream, TokenStream) {
    match argument.takes() {
        Takes::Input(ty) => (
            quote!(::lazuli::__private::IntoInput<#ty>),
            quote!(into_input),
        ),
        Takes::List(ty) => (
            quote!(::lazuli::__private::IntoList<#ty>),
            quote!(into_list),
        ),
        Takes::Map(ty) => (quote!(::lazuli::__private::IntoMap<#ty>), quote!(into_map)),
        Takes::Value(ty) => (
            quote!(::lazuli::__private::IntoArgument<#ty>),
            quote!(into_argument),
        ),
    }
}

/// What the compiler says when an argument is missing.
fn requirements(arguments: &Arguments) -> TokenStream {
    let traits = arguments.required.iter().map(|argument| {
        let (name, ty) = (requirement(arguments, argument), &argument.ty);
        let message = format!("the {} has no `{}`", arguments.noun, argument.name);
        let label = format!(
            "add `.{}({})` before `.build()`",
            argument.name, argument.example
        );
        quote! {
            #[doc(hidden)]
            #[diagnostic::on_unimplemented(message = #message, label = #label)]
            pub trait #name {
                fn take(self) -> #ty;
            }
            impl #name for (#ty,) {
                fn take(self) -> #ty { self.0 }
            }
        }
    });
    traits.collect()
}

/// `Kind::builder(&parent, "name")`.
fn entry(arguments: &Arguments, names: &Names) -> TokenStream {
    let Names {
        builder,
        given,
        required,
    } = names;
    let component = &arguments.component;
    let (parent, parent_ty) = (&arguments.parent.name, &arguments.parent.ty);
    let name = &arguments.logical_name.name;
    let states = arguments.required.iter().map(|_| quote!(()));
    let defaults = arguments.optional.iter().map(|argument| {
        let name = &argument.name;
        quote!(#name: ::core::default::Default::default())
    });
    let musts: Vec<_> = arguments
        .required
        .iter()
        .map(|argument| format!("`{}`", argument.name))
        .collect();
    let noun = with_article(&arguments.noun);
    let doc = match musts.as_slice() {
        [] => format!("Begins {noun}, which `build` declares."),
        musts => format!(
            "Begins {noun}, which `build` declares. Required: {}.",
            musts.join(", ")
        ),
    };
    quote! {
        impl #component {
            #[doc = #doc]
            pub fn builder(#parent: &#parent_ty, #name: &str) -> #builder<((#given,), #(#states,)*)> {
                #required::__start().__given(#given {
                    #parent: ::core::clone::Clone::clone(#parent),
                    #name: ::core::convert::From::from(#name),
                    #(#defaults,)*
                })
            }
        }
    }
}

/// Optional setters and the public `build`.
fn builder(arguments: &Arguments, names: &Names) -> TokenStream {
    let Names { builder, given, .. } = names;
    let states: Vec<_> = arguments
        .required
        .iter()
        .map(|a| format_ident!("{}", pascal(&a.name.to_string())))
        .collect();
    let setters = arguments.optional.iter().map(setter);
    let build = build(arguments, names, &states);
    quote! {
        impl<#(#states),*> #builder<((#given,), #(#states,)*)> {
            #(#setters)*
            /// Calls a setter if there is a value: `.maybe(sku, |it, sku| it.sku(sku))`.
            pub fn maybe<__V>(
                self,
                value: ::core::option::Option<__V>,
                set: impl ::core::ops::FnOnce(Self, __V) -> Self,
            ) -> Self {
                match value {
                    ::core::option::Option::Some(value) => set(self, value),
                    ::core::option::Option::None => self,
                }
            }
            #build
        }
    }
}

fn setter(argument: &Argument) -> TokenStream {
    let (name, docs) = (&argument.name, argument.doc_text());
    let (bound, method) = conversion(argument);
    let value = match argument.is_option() {
        true => quote!(::core::option::Option::Some(value.#method())),
        false => quote!(value.#method()),
    };
    quote! {
        #[doc = #docs]
        pub fn #name(mut self, value: impl #bound) -> Self {
            self.fields.0.0.#name = #value;
            self
        }
    }
}

fn build(arguments: &Arguments, names: &Names, states: &[Ident]) -> TokenStream {
    let builder = &names.builder;
    let (component, args) = (&arguments.component, &arguments.name);
    let doc = format!(
        "Declares the {} and all that is in it: from here on it is part of the stack.",
        arguments.noun
    );
    let musts: Vec<_> = arguments
        .required
        .iter()
        .map(|argument| &argument.name)
        .collect();
    let requirements = arguments
        .required
        .iter()
        .map(|argument| requirement(arguments, argument));
    let whole = [&arguments.parent, &arguments.logical_name];
    let carried = whole
        .into_iter()
        .chain(&arguments.optional)
        .map(|argument| &argument.name);
    quote! {
        #[doc = #doc]
        #[track_caller]
        pub fn build(self) -> #component
        where
            #(#states: #requirements,)*
        {
            let (__given, #(#musts,)*) = self.fields;
            let __whole = #builder { fields: (__given, #((#musts.take(),),)*), phantom: self.phantom };
            let __whole = __whole.__finish();
            <#component as ::core::convert::From<#args>>::from(#args {
                #(#carried: __whole.__given.#carried,)*
                #(#musts: __whole.#musts,)*
            })
        }
    }
}
