//! Derives of Lazuli.
//!
//! [`Component`](macro@Component) writes the builder of a component, so that a
//! component of one's own reads like a resource, and complains like one when an
//! argument is missing.

mod arguments;
mod component;

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
