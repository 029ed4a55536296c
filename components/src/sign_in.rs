//! How an app signs in to the registry that its image comes from. Each kind of
//! registry takes its own kinds of credentials, and no others compile.

use lazuli::prelude::*;

/// What an app does to be let in.
#[derive(Clone)]
pub(crate) enum SignIn {
    /// With the identity of its own.
    System,
    /// With an identity that it is given, which has its role.
    Identity(Box<(UserAssignedIdentity, RoleAssignment)>),
    /// With a name and a password.
    Password(Box<Login>),
    /// Everybody is let in.
    Nobody,
}

/// A name, a password, and where the password is kept.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) username: Output<String>,
    pub(crate) password: Output<String>,
    pub(crate) vault: Option<KeyVault>,
}

impl Login {
    fn new(username: impl IntoInput<String>, password: impl IntoInput<String>) -> Self {
        Self {
            username: username.into_input().into_output(),
            password: password.into_input().into_output().as_secret(),
            vault: None,
        }
    }
}

/// Credentials that a kind of registry takes.
///
/// ```compile_fail,E0277
/// # use lazuli_components::*;
/// # fn topology(registry: CustomRegistry) {
/// // A service principal of Azure is nobody to another registry.
/// registry.image("site:v1").pulled_with(ServicePrincipal::new("client", "secret"));
/// # }
/// ```
///
/// ```compile_fail,E0277
/// # use lazuli_components::*;
/// # fn topology(registry: PrivateRegistry) {
/// registry.image("site:v1").pulled_with(BasicLogin::new("ada", "password"));
/// # }
/// ```
///
/// ```no_run
/// # use lazuli_components::*;
/// # fn topology(azure: PrivateRegistry, other: CustomRegistry) {
/// let site = azure.image("site:v1").pulled_with(ServicePrincipal::new("client", "secret"));
/// let shop = other.image("shop:v1").pulled_with(BasicLogin::new("ada", "password"));
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot sign in to a {R}",
    note = "registries of Azure take `ServicePrincipal`, `TokenLogin` and `registry.admin_user()?`, or an identity \
            by `.pulled_by(&identity)`; other registries take `BasicLogin`"
)]
pub trait CredentialsOf<R> {
    /// Name, password, and vault.
    #[doc(hidden)]
    fn login(self) -> LoginOf;
}

/// What credentials come down to.
#[doc(hidden)]
pub struct LoginOf(pub(crate) Login);

/// Declares credentials that are a name and a password.
macro_rules! credentials {
    ($($(#[$meta:meta])* $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $name(pub(crate) Login);

        impl $name {
            /// Keeps the password in a key vault; the app's settings refer to it
            /// there. What reads it is an identity made for that.
            #[must_use]
            pub fn kept_in(mut self, vault: &KeyVault) -> Self {
                self.0.vault = Some(vault.clone());
                self
            }
        }
    )*};
}

credentials! {
    /// The admin user of a registry of Azure; the registry hands it out
    /// ([`PrivateRegistry::admin_user`](crate::PrivateRegistry::admin_user)).
    AdminUser;
    /// An application of Entra ID with a role on the registry.
    ServicePrincipal;
    /// A token of a registry of Azure, with one of its passwords; the registry makes
    /// one itself ([`PrivateRegistry::token`](crate::PrivateRegistry::token)).
    TokenLogin;
    /// A user of a registry that is not Azure's.
    BasicLogin;
}

/// Which credentials a kind of registry takes.
macro_rules! credentials_of {
    ($registry:ident: $($name:ident),+) => {$(
        impl $crate::CredentialsOf<$registry> for $name {
            fn login(self) -> $crate::LoginOf {
                $crate::LoginOf(self.0)
            }
        }
    )+};
}

pub(crate) use credentials_of;

impl AdminUser {
    pub(crate) fn of(credentials: &RegistryCredentials) -> Self {
        Self(Login::new(credentials.username(), credentials.password()))
    }
}

impl ServicePrincipal {
    /// The application's client id and one of its secrets, from config for example.
    pub fn new(client_id: impl IntoInput<String>, secret: impl IntoInput<String>) -> Self {
        Self(Login::new(client_id, secret))
    }
}

impl TokenLogin {
    /// The token's name and one of its passwords.
    pub fn new(token: impl IntoInput<String>, password: impl IntoInput<String>) -> Self {
        Self(Login::new(token, password))
    }
}

impl BasicLogin {
    /// The user's name and password.
    pub fn new(username: impl IntoInput<String>, password: impl IntoInput<String>) -> Self {
        Self(Login::new(username, password))
    }
}
