//! What a provider knows that a picture of its resources should show: what lies
//! in what, and how things are called. (The ways between them are its proofs.)
//!
//! Plain data. A tool that draws takes it from [`crate::Schema::display`] and
//! needs to know no cloud.

/// How one resource is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeStyle {
    /// What people call its kind: `web app`. Empty: its type.
    pub kind: String,
    /// What it is for.
    pub category: Category,
    /// Position of the declared resource that it lies in, if it lies in one.
    pub within: Option<usize>,
    /// It is drawn as a box even if nothing lies in it.
    pub is_room: bool,
    /// The one thing to know of it, in a word or two: `10.0.0.0/16`. May be empty.
    pub caption: String,
    /// What matters of it: name and value. Never a secret.
    pub facts: Vec<(String, String)>,
}

/// What a resource is for; gives it its colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Category {
    /// Nothing special.
    #[default]
    Plain,
    /// It groups others.
    Group,
    /// It runs code.
    Compute,
    /// It connects.
    Network,
    /// It gives names to addresses.
    Names,
    /// It keeps data or images.
    Storage,
    /// It says who may do what.
    Identity,
    /// It is done once, rather than being there.
    Action,
}

impl Category {
    /// `plain`, `group`, `compute`, `network`, `names`, `storage`, `identity`, `action`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Group => "group",
            Self::Compute => "compute",
            Self::Network => "network",
            Self::Names => "names",
            Self::Storage => "storage",
            Self::Identity => "identity",
            Self::Action => "action",
        }
    }
}
