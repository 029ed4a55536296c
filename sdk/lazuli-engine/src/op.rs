//! The operations on resources, as plans, states and events name them.

/// What is going to happen to one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Op {
    /// Creates the resource.
    Create,
    /// Changes the resource in place.
    Update,
    /// Deletes the resource.
    Delete,
    /// Creates the new half of a replacement.
    CreateReplacement,
    /// Deletes the old half of a replacement.
    DeleteReplaced,
    /// Adopts an existing resource; the cloud is not changed.
    Import,
    /// Reads a resource that exists without the program.
    Read,
}

impl Op {
    /// `create`, `update`, `delete`, `create-replacement`, `delete-replaced`,
    /// `import`, `read`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::CreateReplacement => "create-replacement",
            Self::DeleteReplaced => "delete-replaced",
            Self::Import => "import",
            Self::Read => "read",
        }
    }

    /// Whether the step removes something.
    pub fn is_delete(self) -> bool {
        matches!(self, Self::Delete | Self::DeleteReplaced)
    }
}
