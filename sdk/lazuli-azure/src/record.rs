//! The record of a resource type: all that this crate knows of it.
//!
//! Records are written in `sdk/lazuli-codegen/types/`, one file a type, and
//! generated into `generated::records`; what is not said there, no other
//! place says. The code that goes with a type (its lifecycle, its checks) is named
//! there too. Paths are dotted, `*` matches any index or key of one level.

use lazuli_arm::ResourceType;
use lazuli_core::Category;

/// All that is known of a type. An empty list: nothing is known, or nothing applies;
/// the type's file says which, and why.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Record {
    /// The ARM type.
    pub ty: ResourceType<'static>,
    /// The version that requests are pinned to.
    pub api_version: Option<&'static str>,
    /// Where its resources are.
    pub location: Location,
    /// Whether it takes tags.
    pub takes_tags: bool,
    /// What its names look like.
    pub name: Option<NameRule>,
    /// Who says whether a name is free, where names are unique in the world.
    pub unique: Option<UniqueName>,
    /// Only Azure sets these; they are never sent. Of the schema, to four levels.
    pub read_only: &'static [&'static str],
    /// The schema says that Azure never answers with these.
    pub write_only: &'static [&'static str],
    /// Azure refuses a request without these (of a nested object: if it is there).
    pub required: &'static [&'static str],
    /// Not to be shown.
    pub secret: &'static [&'static str],
    /// Inputs that cannot change in place.
    pub immutable: &'static [&'static str],
    /// Lists whose order means nothing.
    pub sets: &'static [&'static str],
    /// Lists of objects, each with the member that names an element.
    pub keys: &'static [(&'static str, &'static str)],
    /// Texts that are compared in another way than letter by letter.
    pub equality: Equality,
    /// Outputs that an update cannot change, with the inputs whose change makes that void.
    pub stable: &'static [(&'static str, &'static [&'static str])],
    /// Inputs that Azure does not return, or returns changed.
    pub not_returned: &'static [NotReturned],
    /// Paths below `properties` that a PUT would reset, and an update carries over.
    pub carries: &'static [&'static str],
    /// Two ways to say one thing, old and new: only one may be in a request.
    pub rivals: &'static [(&'static str, &'static str)],
    /// Paths below `properties` that only the Premium tier takes.
    pub premium_only: &'static [&'static str],
    /// What Azure computes although the schema lets it be written.
    pub computed: &'static [&'static str],
    /// Seconds to create, update and delete: medians of recorded traffic.
    pub estimate: Option<[u64; 3]>,
    /// What a write keeps others from.
    pub locks: Locks,
    /// Ids in the inputs.
    pub references: &'static [Reference],
    /// Services of it that private endpoints may lead to.
    pub private_links: &'static [PrivateLink],
    /// What helps against refusals.
    pub help: &'static [Help],
    /// How pictures show it.
    pub display: Option<Display>,
}

/// Where the resources of a type are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// In a region: their group's, unless the program says another.
    Regional,
    /// Everywhere: the service wants the word `global`.
    Global,
    /// In a region that the program says.
    Own,
    /// The type has no location.
    Nowhere,
}

/// Length, characters and edges of names (Azure's resource naming rules).
#[derive(Debug, Clone, Copy)]
pub struct NameRule {
    /// The fewest characters.
    pub least: usize,
    /// The most characters.
    pub most: usize,
    /// Characters beside ASCII letters and digits.
    pub marks: &'static str,
    /// Whether all letters and digits of Unicode are allowed.
    pub unicode: bool,
    /// Characters that a name cannot begin with, beside those that it cannot hold.
    pub not_first: &'static str,
    /// Characters that a name cannot end with.
    pub not_last: &'static str,
    /// The fewest and the most parts between periods.
    pub labels: Option<(usize, usize)>,
    /// The rule in words.
    pub said: &'static str,
}

/// Who says whether a name is free (ARM contract of `checkNameAvailability`).
#[derive(Debug, Clone, Copy)]
pub struct UniqueName {
    /// The action of the subscription.
    pub action: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// Texts that are compared in another way than letter by letter.
#[derive(Debug, Clone, Copy)]
pub struct Equality {
    /// Without case.
    pub case: &'static [&'static str],
    /// As resource ids.
    pub ids: &'static [&'static str],
    /// As GUIDs.
    pub guids: &'static [&'static str],
    /// As locations.
    pub locations: &'static [&'static str],
}

/// What Azure does not return, or returns changed.
#[derive(Debug, Clone, Copy)]
pub struct NotReturned {
    /// The input.
    pub path: &'static str,
    /// The child that returns it; none where no address does.
    pub at: Option<&'static str>,
}

/// What a write keeps others from.
#[derive(Debug, Clone, Copy)]
pub struct Locks {
    /// Writes of it and of all that is in it come one after the other.
    pub whole: bool,
    /// Inputs with the ids of what it touches.
    pub touches: &'static [&'static str],
}

/// An id in the inputs.
#[derive(Debug, Clone, Copy)]
pub struct Reference {
    /// The input.
    pub path: &'static str,
    /// The type that an id there must have.
    pub ty: ResourceType<'static>,
    /// What may stand there instead of an id.
    pub bare: Bare,
}

/// What may stand where an id is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bare {
    /// Nothing.
    No,
    /// A word of the service's.
    Word(&'static str),
    /// A name without a path.
    AnyName,
}

/// A service that private endpoints may lead to (Private Link documentation).
/// Lists are by cloud: public, US government, China.
#[derive(Debug, PartialEq, Eq)]
pub struct PrivateLink {
    /// Group id.
    pub group: &'static str,
    /// Ends of its public names.
    pub names: [&'static str; 3],
    /// Private zones that stand for them.
    pub zones: [&'static str; 3],
}

/// What helps against a refusal. Codes and messages are Azure's own, as seen in its answers.
#[derive(Debug, Clone, Copy)]
pub struct Help {
    /// Azure's code.
    pub code: &'static str,
    /// A part of Azure's message; empty for any.
    pub text: &'static str,
    /// What helps.
    pub help: &'static str,
}

/// How pictures show a type.
#[derive(Debug, Clone, Copy)]
pub struct Display {
    /// Common name.
    pub called: &'static str,
    /// What it is for.
    pub category: Category,
    /// Whether it is a box even when nothing is in it.
    pub is_box: bool,
    /// Inputs with the id of what it lies in, where that is not its parent.
    pub within: &'static [&'static str],
}
