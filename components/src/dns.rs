//! Private names in a network.

use lazuli::prelude::*;

/// A private DNS zone for one service, linked to one network: names of the
/// service resolve to private addresses there.
#[derive(Clone)]
pub struct PrivateDnsLink {
    /// The zone, `privatelink.azurecr.io` for example.
    pub zone: PrivateDnsZone,
    /// Its link to the network.
    pub link: VirtualNetworkLink,
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
    /// Lets machines of the network register themselves in the zone. Default: no.
    #[component(default)]
    registration: bool,
    /// Sets options that the zone and the link inherit.
    #[component(default)]
    options: Options,
}

impl From<PrivateDnsLinkArgs> for PrivateDnsLink {
    #[track_caller]
    fn from(args: PrivateDnsLinkArgs) -> Self {
        let place = args.network.handle().place();
        let ty = "lazuli:components:PrivateDnsLink";
        let this = Component::with_options(place, ty, &args.name, args.options);
        let group = args.network.group().inside(&this);
        let zone = PrivateDnsZone::builder(&group, &args.service.zone_name(place)).build();
        let link = VirtualNetworkLink::builder(&zone, &args.name)
            .virtual_network(&args.network)
            .registration_enabled(args.registration)
            .build();
        Self { zone, link }
    }
}
