//! Registries of Azure: one that its network reaches, and one that everybody does.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use lazuli::core::{Handle, Property, Value};
use lazuli::prelude::*;

use crate::PrivateDnsLink;
use crate::image::{
    AzureRegistry, Image, Images, NamedImage, Puller, Pulling, RegistryKind, public,
};
use crate::sign_in::{AdminUser, ServicePrincipal, TokenLogin, credentials_of};

/// A registry that is reached through a private endpoint: images come and go
/// through the network, and the registry's own tasks may build inside of it.
#[derive(Clone)]
pub struct PrivateRegistry {
    /// The registry.
    pub registry: Registry,
    /// Its endpoint in the network.
    pub endpoint: PrivateEndpoint,
    /// What keeps the endpoint's records in the private zone.
    pub records: PrivateDnsZoneGroup,
    /// The link that makes the records visible to the network.
    pub dns: PrivateDnsLink,
    admin: Option<RegistryCredentials>,
    grants: Grants,
    component: Component,
}

/// Arguments of [`PrivateRegistry`].
#[derive(Component)]
#[component(PrivateRegistry, "private registry")]
pub struct PrivateRegistryArgs {
    #[component(parent)]
    group: ResourceGroup,
    #[component(name)]
    name: String,
    /// Names the subnet that the endpoint takes its addresses from.
    #[component(example = "&endpoints")]
    endpoint_subnet: EndpointSubnet,
    /// Names the zone that the endpoint's records are kept in.
    #[component(example = "&dns")]
    dns: PrivateDnsLink,
    /// Lets these public addresses or ranges in beside the endpoint, and nobody
    /// else: `["203.0.113.7"]`. Default: none.
    #[component(default)]
    allow: Vec<String>,
    /// Leaves public access as it is until [`PrivateRegistry::lock_after`]: for a
    /// registry that apps pull from already. Default: closed from the start.
    #[component(default)]
    lock_later: bool,
    /// Enables the admin user. Default: no opinion, and Azure's is that there is none.
    #[component(default)]
    admin_user: bool,
    /// Lets the registry's own builds in although it is closed. Default: yes; without
    /// it, images come by import or are built on an agent pool in the network.
    task_bypass: Option<bool>,
    /// Sets options that everything in it inherits.
    #[component(default)]
    options: Options,
}

impl From<PrivateRegistryArgs> for PrivateRegistry {
    #[track_caller]
    fn from(args: PrivateRegistryArgs) -> Self {
        let (this, group) = Component::under_with(
            &args.group,
            "lazuli:components:PrivateRegistry",
            &args.name,
            args.options.clone(),
        );
        let registry = args.registry(&group);
        let endpoint = PrivateEndpoint::builder(&group, &format!("{}-pe", args.name))
            .subnet(&args.endpoint_subnet)
            .target(&registry)
            .group(PrivateLink::Registry)
            .build();
        let records = PrivateDnsZoneGroup::builder(&endpoint, &format!("{}-zg", args.name))
            .zones([&args.dns.zone])
            .build();
        let admin = args
            .admin_user
            .then(|| RegistryCredentials::of(&registry, "admin"));
        Self {
            registry,
            endpoint,
            records,
            dns: args.dns,
            admin,
            grants: Grants::default(),
            component: this,
        }
    }
}

impl PrivateRegistryArgs {
    /// Private endpoints need Premium; without the bypass no task could push into
    /// a registry that is closed.
    #[track_caller]
    fn registry(&self, group: &ResourceGroup) -> Registry {
        let mut registry = Registry::builder(group, &self.name)
            .sku(RegistrySku::Premium)
            .network_rule_bypass_allowed_for_tasks(self.task_bypass.unwrap_or(true));
        if !self.allow.is_empty() {
            registry = registry
                .public_network_access(PublicAccess::Enabled)
                .network_rule_set(only(&self.allow));
        } else if !self.lock_later {
            registry = registry.public_network_access(PublicAccess::Disabled);
        }
        if self.admin_user {
            registry = registry.admin_user_enabled(true);
        }
        registry.build()
    }
}

/// A firewall that lets only these in.
fn only(addresses: &[String]) -> NetworkRules {
    let rule = |address: &String| {
        IpRule::builder()
            .value(address.as_str())
            .action(IpAction::Allow)
            .build()
    };
    NetworkRules::builder()
        .default_action(NetworkAction::Deny)
        .ip_rules(addresses.iter().map(rule).collect::<Vec<_>>())
        .build()
}

impl PrivateRegistry {
    /// Takes public access away once these know the private way, and the images
    /// that are built are there: for a registry with `lock_later`. Nobody who pulls
    /// from it is locked out in between.
    #[track_caller]
    pub fn lock_after<const N: usize>(&self, users: [&dyn Puller; N]) -> RegistryLock {
        let needed: Vec<Handle> = users.iter().flat_map(|user| user.needs()).collect();
        let options = Options::new().depends_on((needed, self.path(), &self.endpoint));
        let registry = self.registry.inside(&self.component);
        RegistryLock::of(&registry, "lock", options)
    }
}

/// A registry that is reached over the internet: for Windows containers, which
/// App Service does not pull over a network, and for a start.
#[derive(Clone)]
pub struct PublicRegistry {
    /// The registry.
    pub registry: Registry,
    admin: Option<RegistryCredentials>,
    grants: Grants,
    component: Component,
}

/// Arguments of [`PublicRegistry`].
#[derive(Component)]
#[component(PublicRegistry, "public registry")]
pub struct PublicRegistryArgs {
    #[component(parent)]
    group: ResourceGroup,
    #[component(name)]
    name: String,
    /// Sets the tier. Default: `RegistrySku::Basic`, or `Premium` with `allow`.
    sku: Option<RegistrySku>,
    /// Lets only these addresses or ranges in: `["203.0.113.7"]`. Default: everybody
    /// who can sign in.
    #[component(default)]
    allow: Vec<String>,
    /// Enables the admin user. Default: no opinion, and Azure's is that there is none.
    #[component(default)]
    admin_user: bool,
    /// Sets options that everything in it inherits.
    #[component(default)]
    options: Options,
}

impl From<PublicRegistryArgs> for PublicRegistry {
    #[track_caller]
    fn from(args: PublicRegistryArgs) -> Self {
        let ty = "lazuli:components:PublicRegistry";
        let (this, group) = Component::under_with(&args.group, ty, &args.name, args.options);
        // Only Premium has a firewall (registry tiers).
        let usual = if args.allow.is_empty() {
            RegistrySku::Basic
        } else {
            RegistrySku::Premium
        };
        let mut registry = Registry::builder(&group, &args.name)
            .sku(args.sku.unwrap_or(usual))
            .public_network_access(PublicAccess::Enabled);
        if !args.allow.is_empty() {
            registry = registry.network_rule_set(only(&args.allow));
        }
        if args.admin_user {
            registry = registry.admin_user_enabled(true);
        }
        let registry = registry.build();
        let admin = args
            .admin_user
            .then(|| RegistryCredentials::of(&registry, "admin"));
        Self {
            registry,
            admin,
            grants: Grants::default(),
            component: this,
        }
    }
}

/// What every registry of Azure can do.
macro_rules! azure_registry {
    ($name:ident) => {
        impl $name {
            /// Builds an image, `repository:tag`, from a folder with a Dockerfile.
            #[track_caller]
            pub fn build_image(&self, image: &str, folder: &str) -> Image<Self> {
                let build = ImageBuild::builder(&self.registry, image)
                    .context(folder)
                    .build();
                Image::new(self, build)
            }

            /// The same, on an agent pool inside of a network, which reaches the registry
            /// as the network does.
            #[track_caller]
            pub fn build_image_on(
                &self,
                pool: &AgentPool,
                image: &str,
                folder: &str,
            ) -> Image<Self> {
                let build = ImageBuild::builder(&self.registry, image)
                    .context(folder)
                    .agent_pool(pool)
                    .options(Options::new().depends_on(self.path()))
                    .build();
                Image::new(self, build)
            }

            /// Builds several versions of one repository, each from its own folder:
            /// `[("v1", "source/v1"), ("v2", "source/v2")]`.
            #[track_caller]
            pub fn build_images<const N: usize>(
                &self,
                repository: &str,
                versions: [(&str, &str); N],
            ) -> Images<Self> {
                // A loop, not a closure: only so do the builds carry the caller's place.
                let mut built = Vec::with_capacity(N);
                for (tag, folder) in versions {
                    let image = self.build_image(&format!("{repository}:{tag}"), folder);
                    built.push((tag.to_owned(), image));
                }
                Images {
                    repository: repository.to_owned(),
                    versions: built,
                }
            }

            /// Takes an image over from another registry, as `repository:tag`. The
            /// registry itself fetches it, open or closed.
            #[track_caller]
            pub fn import_image(&self, image: &str, from: ImageSource) -> Image<Self, ImageImport> {
                let import = ImageImport::builder(&self.registry, image, from).build();
                Image::new(self, import)
            }

            /// Pushes an image, `repository:tag`, out of an OCI layout in a folder. The
            /// registry must let this machine in, and who deploys must have AcrPush.
            #[track_caller]
            pub fn push_image(&self, image: &str, layout: &str) -> Image<Self, ImagePush> {
                let push = ImagePush::builder(&self.registry, image, layout).build();
                Image::new(self, push)
            }

            /// An image that something else pushes, `repository:tag`.
            pub fn image(&self, image: &str) -> Image<Self, NamedImage> {
                Image::named(self, &self.login_server(), image)
            }

            /// The host that images are pulled from, `contoso.azurecr.io`.
            pub fn login_server(&self) -> Output<String> {
                self.registry.login_server()
            }

            /// The admin user, as credentials.
            ///
            /// # Errors
            /// It is not enabled.
            #[track_caller]
            pub fn admin_user(&self) -> Result<AdminUser> {
                match &self.admin {
                    Some(admin) => Ok(AdminUser::of(admin)),
                    None => Err(Error::with_help(
                        "the registry has no admin user",
                        "enable it with `.admin_user(true)` before `.build()`",
                    )),
                }
            }
        }

        impl $name {
            /// A token of the registry that pulls from these repositories, as
            /// credentials: for what has no identity of Azure.
            #[track_caller]
            pub fn token(&self, name: &str, repositories: &[&str]) -> TokenLogin {
                let registry = self.registry.inside(&self.component);
                let map = ArmResource::builder(&registry, &pinned(RegistryScopeMap::TYPE), name)
                    .property("properties.actions", pulls(repositories))
                    .build();
                let token = ArmResource::builder(&registry, &pinned(RegistryToken::TYPE), name)
                    .property("properties.scopeMapId", map.id())
                    .property("properties.status", "enabled")
                    .build();
                let made = TokenCredentials::of(&registry, &token, &format!("{name}-passwords"));
                TokenLogin::new(made.username(), made.password())
            }
        }

        impl AzureRegistry for $name {
            /// Under a name that belongs to the identity: when an app moves to
            /// another one, the old role stays until it has.
            #[track_caller]
            fn let_pull(&self, identity: &UserAssignedIdentity) -> RoleAssignment {
                let urn = identity.handle().urn().to_string();
                if let Some(given) = self.grants.borrow().get(&urn) {
                    return given.clone();
                }
                let name = format!("pull-{}", identity.handle().urn().name());
                let registry = self.registry.inside(&self.component);
                let role = RoleAssignment::builder(&registry, &name)
                    .role(Role::AcrPull)
                    .principal(identity)
                    .build();
                self.grants.borrow_mut().insert(urn, role.clone());
                role
            }
        }
    };
}
azure_registry!(PrivateRegistry);
azure_registry!(PublicRegistry);

/// A type with the version that its inputs here are written for.
fn pinned(ty: &str) -> String {
    format!("{ty}@2025-11-01")
}

/// What a token may do in order to pull.
fn pulls(repositories: &[&str]) -> Vec<Property> {
    let rights = ["content/read", "metadata/read"];
    let actions = repositories
        .iter()
        .flat_map(|name| rights.map(|right| format!("repositories/{name}/{right}")));
    actions
        .map(|action| Property::Value(Value::from(action)))
        .collect()
}

/// Roles to pull that are given already, by identity: apps may share one.
type Grants = Rc<RefCell<BTreeMap<String, RoleAssignment>>>;

impl PrivateRegistry {
    /// What a pull waits for beside the image: links, and the endpoint's records.
    fn path(&self) -> Vec<Handle> {
        let records = self.records.handle().clone();
        self.dns.links().chain([records]).collect()
    }
}

impl PublicRegistry {
    /// The internet is there already.
    fn path(&self) -> Vec<Handle> {
        Vec::new()
    }
}

impl RegistryKind for PrivateRegistry {
    fn server_url(&self) -> Output<String> {
        output!("https://{}", self.login_server())
    }

    fn pulling(&self) -> Pulling {
        Pulling::with_identity(&self.registry, self.path()).over_network()
    }
}

impl RegistryKind for PublicRegistry {
    fn server_url(&self) -> Output<String> {
        output!("https://{}", self.login_server())
    }

    fn pulling(&self) -> Pulling {
        Pulling::with_identity(&self.registry, self.path())
    }
}

public!(PublicRegistry);
credentials_of!(PrivateRegistry: AdminUser, ServicePrincipal, TokenLogin);
credentials_of!(PublicRegistry: AdminUser, ServicePrincipal, TokenLogin);
