//! Private names in networks.

use lazuli::core::Handle;
use lazuli::prelude::*;

/// A private DNS zone for one service, linked to networks: names of the service
/// resolve to private addresses there.
///
/// A zone and a link that somebody else keeps are a literal away:
/// `PrivateDnsLink { zone, link, further: Vec::new() }` with `existing` handles.
#[derive(Clone)]
pub struct PrivateDnsLink {
    /// The zone, `privatelink.azurecr.io` for example.
    pub zone: PrivateDnsZone,
    /// Its link to the network.
    pub link: VirtualNetworkLink,
    /// Its links to further networks.
    pub further: Vec<VirtualNetworkLink>,
}

/// Arguments of [`PrivateDnsLink`].
#[derive(Component)]
#[component(PrivateDnsLink, "private DNS link")]
pub struct PrivateDnsLinkArgs {
    #[component(parent)]
    network: VirtualNetwork,
    #[component(name)]
    name: String,
    /// Says which service the zone is for; its name follows from the cloud.
    #[component(example = "PrivateLink::Registry")]
    service: PrivateLink,
    /// Links the zone to further networks as well: `[&spoke]`.
    #[component(default)]
    also: Vec<VirtualNetwork>,
    /// Links a zone that is there already, in whatever group or subscription,
    /// instead of making one.
    zone: Option<PrivateDnsZone>,
    /// Makes the zone in this group. Default: the network's.
    group: Option<ResourceGroup>,
    /// Lets machines of the network register themselves in the zone. Default: no.
    #[component(default)]
    registration: bool,
    /// Sets options that the zone and the links inherit.
    #[component(default)]
    options: Options,
}

impl From<PrivateDnsLinkArgs> for PrivateDnsLink {
    #[track_caller]
    fn from(args: PrivateDnsLinkArgs) -> Self {
        let place = args.network.handle().as_scope();
        let ty = "lazuli:components:PrivateDnsLink";
        let this = Component::with_options(place, ty, &args.name, args.options);
        let group = args.group.unwrap_or_else(|| args.network.group());
        let zone = match args.zone {
            Some(zone) => zone,
            None => {
                let name = args.service.zone_name(place);
                PrivateDnsZone::builder(&group.inside(&this), &name).build()
            }
        };
        // Under the zone that is made here; beside one that is not.
        let home = zone.clone();
        let link = VirtualNetworkLink::builder(&home, &args.name)
            .virtual_network(&args.network)
            .registration_enabled(args.registration)
            .build();
        let mut further = Vec::with_capacity(args.also.len());
        for network in &args.also {
            let name = format!("{}-{}", args.name, network.handle().urn().name());
            let link = VirtualNetworkLink::builder(&home, &name)
                .virtual_network(network)
                .registration_enabled(args.registration)
                .build();
            further.push(link);
        }
        Self {
            zone,
            link,
            further,
        }
    }
}

impl PrivateDnsLink {
    /// Every link, to wait for.
    pub(crate) fn links(&self) -> impl Iterator<Item = Handle> {
        let all = std::iter::once(&self.link).chain(&self.further);
        all.map(|link| link.handle().clone())
    }
}
