//! Typed resource ids: a virtual network does not fit where a subnet belongs.
//!
//! A setter that wants a [`SubnetId`] takes the handle of a subnet, an output of
//! the id, or an id that was read with [`SubnetId::parse`]. A handle of another
//! kind does not compile.

use lazuli_arm::{ResourceId, ResourceType};
use lazuli_core::{Error, Result};

pub use crate::generated::ids::*;

/// An id that this crate made itself, from a parent's id and names.
pub(crate) trait TrustedId {
    /// Takes the text as it is.
    fn trusted(text: String) -> Self;
}

/// Declares ids that are no more than a checked text.
macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident = $ty:literal;)*) => {$(
        $(#[$meta])*
        #[doc = ""]
        #[doc = concat!("The id of a `", $ty, "`.")]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Reads the id of a resource that is not declared in this program.
            ///
            /// # Errors
            /// The text is not an ARM id, or names a resource of another type.
            #[track_caller]
            pub fn parse(text: &str) -> lazuli_core::Result<Self> {
                $crate::ids::checked(text, $ty).map(Self)
            }
        }

        $crate::ids::text!($name);
    )*};
}

/// Conversions of a wrapped text.
macro_rules! text {
    ($name:ident) => {
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl $crate::ids::TrustedId for $name {
            fn trusted(text: String) -> Self {
                Self(text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl lazuli_core::ToProperty for $name {
            fn to_property(self) -> lazuli_core::Property {
                lazuli_core::Property::Value(lazuli_core::Value::from(self.0))
            }
        }

        impl lazuli_core::FromValue for $name {
            fn from_value(value: &lazuli_core::Value) -> lazuli_core::Result<Self, String> {
                <String as lazuli_core::FromValue>::from_value(value).map(Self)
            }
        }
    };
}

pub(crate) use {ids, text};

/// The id of any resource, where the type does not matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnyResourceId(String);
text!(AnyResourceId);

impl AnyResourceId {
    /// Reads the id of a resource that is not declared in this program.
    ///
    /// # Errors
    /// The text is not an ARM id.
    #[track_caller]
    pub fn parse(text: &str) -> Result<Self> {
        ResourceId::parse(text).map_err(malformed)?;
        Ok(Self(text.to_owned()))
    }
}

/// The object id of an identity in Entra ID: who a role is given to. Not a
/// resource id, and not a client id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalId(String);
text!(PrincipalId);

/// The application (client) id of an identity: what an app asks tokens with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(String);
text!(ClientId);

/// GUIDs of Entra ID.
macro_rules! guids {
    ($($name:ident: $what:literal),*) => {$(
        impl $name {
            /// Reads a GUID.
            ///
            /// # Errors
            /// The text is not a GUID (a resource id, for example).
            #[track_caller]
            pub fn parse(text: &str) -> Result<Self> {
                match lazuli_arm::Uuid::try_parse(text) {
                    Ok(guid) => Ok(Self(guid.to_string())),
                    Err(_) => Err(Error::with_help(
                        format!("`{text}` is not a GUID"),
                        concat!("give the ", $what),
                    )),
                }
            }
        }
    )*};
}
guids!(
    PrincipalId: "object id of the identity, not its resource id nor its client id",
    ClientId: "client (application) id of the identity, not its resource id nor its object id"
);

#[track_caller]
pub(crate) fn checked(text: &str, ty: &str) -> Result<String> {
    let id = ResourceId::parse(text).map_err(malformed)?;
    if id.is_of(ResourceType::new(ty)) {
        return Ok(text.to_owned());
    }
    let found = id.resource_type();
    Err(Error::with_help(
        format!("`{text}` is the id of a {found}, not of a {ty}"),
        format!("give the id of a {ty}"),
    ))
}

#[track_caller]
fn malformed(error: lazuli_arm::IdError) -> Error {
    Error::with_help(
        error.to_string(),
        "copy the resource id from the portal's JSON view, or from `az resource show --query id`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";

    #[test]
    fn an_id_of_another_type_is_refused() {
        assert_eq!(VirtualNetworkId::parse(NETWORK).unwrap().as_str(), NETWORK);
        let error = SubnetId::parse(NETWORK).unwrap_err();
        assert_eq!(
            error.message(),
            format!(
                "`{NETWORK}` is the id of a Microsoft.Network/virtualNetworks, not of a \
                 Microsoft.Network/virtualNetworks/subnets"
            )
        );
        assert!(AnyResourceId::parse("virtualNetworks/v").is_err());
    }

    #[test]
    fn a_client_id_is_a_guid() {
        assert!(ClientId::parse(NETWORK).is_err());
        let guid = ClientId::parse("7F951DDA-4ed3-4680-a7ca-43fe172d538d").unwrap();
        assert_eq!(guid.as_str(), "7f951dda-4ed3-4680-a7ca-43fe172d538d");
    }
}
