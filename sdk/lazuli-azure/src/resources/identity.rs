//! Which identities a resource has.

use lazuli_core::{IntoInput, Output, Property, ToProperty, Value};

use crate::ids::UserAssignedIdentityId;

/// The identities of a resource.
#[derive(Debug, Clone)]
pub enum Identity {
    /// None.
    None,
    /// One of its own, made and removed with it.
    System,
    /// Those named.
    User(Vec<Output<UserAssignedIdentityId>>),
    /// One of its own and those named.
    SystemAndUser(Vec<Output<UserAssignedIdentityId>>),
}

impl Identity {
    /// The identities named: `Identity::user([&identity])`.
    pub fn user<I: IntoInput<UserAssignedIdentityId>>(
        identities: impl IntoIterator<Item = I>,
    ) -> Self {
        Self::User(ids(identities))
    }

    /// One of its own and those named.
    pub fn system_and_user<I: IntoInput<UserAssignedIdentityId>>(
        identities: impl IntoIterator<Item = I>,
    ) -> Self {
        Self::SystemAndUser(ids(identities))
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::System => "SystemAssigned",
            Self::User(_) => "UserAssigned",
            Self::SystemAndUser(_) => "SystemAssigned, UserAssigned",
        }
    }
}

fn ids<I: IntoInput<UserAssignedIdentityId>>(
    identities: impl IntoIterator<Item = I>,
) -> Vec<Output<UserAssignedIdentityId>> {
    identities
        .into_iter()
        .map(|identity| identity.into_input().into_output())
        .collect()
}

impl ToProperty for Identity {
    fn to_property(self) -> Property {
        let mut block = Property::map();
        block.set("type", Property::Value(Value::from(self.kind())));
        if let Self::User(ids) | Self::SystemAndUser(ids) = self {
            block.set("userAssignedIdentities", Property::Output(keyed(ids)));
        }
        block
    }
}

/// ARM wants the ids as keys of an object with empty members.
fn keyed(ids: Vec<Output<UserAssignedIdentityId>>) -> Output<Value> {
    Output::all(ids).map(|ids| {
        let members = ids
            .into_iter()
            .map(|id| (id.as_str().to_owned(), Value::map()));
        Value::Map(members.collect())
    })
}
