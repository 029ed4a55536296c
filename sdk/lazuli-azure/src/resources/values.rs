//! Enums of property values, open and closed, out of one line each.

/// Declares an enum whose variants stand for texts on the wire.
///
/// `open` enums have `Other(String)` for values that this version does not know;
/// `closed` ones have no further values by the service's own word. Texts are read
/// without regard to case: Azure hands back whatever casing it likes.
macro_rules! values {
    ($(#[$meta:meta])* open $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`.")] $variant,)*
            /// A value that this version does not know, sent as it is.
            Other(String),
        }

        impl $name {
            /// The text on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl lazuli_core::FromValue for $name {
            fn from_value(value: &lazuli_core::Value) -> Result<Self, String> {
                let text = <String as lazuli_core::FromValue>::from_value(value)?;
                $(if text.eq_ignore_ascii_case($text) {
                    return Ok(Self::$variant);
                })*
                Ok(Self::Other(text))
            }
        }

        $crate::resources::values::as_text!($name);
    };
    ($(#[$meta:meta])* closed $name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`.")] $variant,)*
        }

        impl $name {
            /// The text on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl lazuli_core::FromValue for $name {
            fn from_value(value: &lazuli_core::Value) -> Result<Self, String> {
                let text = <String as lazuli_core::FromValue>::from_value(value)?;
                $(if text.eq_ignore_ascii_case($text) {
                    return Ok(Self::$variant);
                })*
                Err(concat!("one of the values of ", stringify!($name), " was expected").to_owned())
            }
        }

        $crate::resources::values::as_text!($name);
    };
}

/// What open and closed enums share.
macro_rules! as_text {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl lazuli_core::ToProperty for $name {
            fn to_property(self) -> lazuli_core::Property {
                lazuli_core::Property::Value(lazuli_core::Value::from(self.as_str()))
            }
        }
    };
}

pub(crate) use {as_text, values};
