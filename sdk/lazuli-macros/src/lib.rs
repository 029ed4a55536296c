//! Derives of Lazuli.
//!
//! [`Component`](macro@Component) writes the builder of a component, so that
//! your own component reads like a resource, and a missing argument is reported like a
//! resource's. [`output!`](macro@output) composes texts of outputs.

mod arguments;
mod component;
mod custom;
mod output;

use proc_macro::TokenStream;

/// Writes `Kind::builder(&parent, "name")` and its setters for the arguments of a
/// component.
///
/// ```text
/// /// A private DNS zone for one service, linked to one network.
/// pub struct PrivateDnsLink { pub zone: PrivateDnsZone, pub link: VirtualNetworkLink }
///
/// #[derive(Component)]
/// #[component(PrivateDnsLink, "private DNS link")]
/// pub struct PrivateDnsLinkArgs {
///     #[component(parent)]
///     network: VirtualNetwork,
///     #[component(name)]
///     name: String,
///     /// Says which service the zone is for.
///     #[component(example = "PrivateLink::Registry")]
///     service: PrivateLink,
///     /// Lets machines of the network register themselves.
///     #[component(default)]
///     registration: bool,
/// }
///
/// impl From<PrivateDnsLinkArgs> for PrivateDnsLink {
///     #[track_caller]
///     fn from(args: PrivateDnsLinkArgs) -> Self { .. }
/// }
/// ```
///
/// - `#[component(Kind, "words for messages")]` on the struct: what is built. `Kind` must implement `From` of the
///   arguments; with `#[track_caller]` on `from`, diagnostics about children name the line of `build()`.
/// - `#[component(parent)]`, `#[component(name)]`: the two arguments of `builder`.
/// - `#[component(default)]`, or a type `Option<T>`: may be left out. Everything else must be given.
/// - `#[component(example = "..")]`: the argument shown when it is missing.
/// - A field `Input<T>` takes values, outputs and handles; `List<T>` and `Map<T>` likewise; any other type takes a
///   value or a reference to one.
#[proc_macro_derive(Component, attributes(component))]
pub fn component(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    arguments::Arguments::parse(&input)
        .map(|arguments| component::expand(&arguments))
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Writes the handle and the builder of a custom kind of resource for its inputs.
///
/// ```text
/// /// A shelf of the library.
/// #[derive(Serialize, Deserialize, Inputs)]
/// #[custom(Shelf, "library:Shelf")]
/// struct ShelfInputs {
///     /// Says what is on it.
///     label: String,
///     /// Names the books on it.
///     books: Vec<String>,
///     /// Limits the weight, in kg.
///     limit: Option<u64>,
/// }
/// ```
///
/// - `#[custom(Kind, "package:Kind")]`: the handle to write, which gets the docs of the struct, and the type that the
///   state knows the kind by.
/// - `Option<T>` and `#[serde(default)]` may be left out. Everything else must be given.
/// - Each setter takes a value, an `Output<T>` or an `&Output<T>`; lists and maps of plain values take mixed ones.
/// - `#[serde(rename = "..")]` is followed; attributes that change the form of the struct are refused.
#[proc_macro_derive(Inputs, attributes(custom, serde))]
pub fn inputs(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    custom::inputs(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Writes the typed outputs of a custom kind of resource, as methods of its handle.
///
/// ```text
/// #[derive(Serialize, Deserialize, Outputs)]
/// #[custom(Shelf)]
/// struct ShelfOutputs {
///     /// Where it stands.
///     room: String,
/// }
/// // shelf.room() -> Output<String>
/// ```
#[proc_macro_derive(Outputs, attributes(custom, serde))]
pub fn outputs(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    custom::outputs(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Composes a text of outputs and values. The result is an `Output<String>`: known
/// when all of them are, and secret when one is.
///
/// ```text
/// let url = output!("https://{}/{path}", app.default_host_name());
/// ```
///
/// - `{}` takes the next argument, `{0}` the argument of that number, `{name}` the argument `name = ..` or the
///   variable of that name. `{{` and `}}` are the signs themselves.
/// - An argument is a text, an output of one, or a reference to either. Other values are made texts with
///   `Output::map`.
/// - An argument without a placeholder and a placeholder without an argument do not compile.
#[proc_macro]
pub fn output(input: TokenStream) -> TokenStream {
    let composition = syn::parse_macro_input!(input as output::Composition);
    composition
        .expand()
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
