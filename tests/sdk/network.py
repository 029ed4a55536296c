"""Networks and what sits in them: subnets, rules, routes, peerings, endpoints, private DNS."""

from harness import GROUP, PLACE, SCOPE, done, gone, holds, named, path, refused, tagged

NET = f"{SCOPE}/providers/Microsoft.Network"


def networks(network):
    net = {"location": PLACE, "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
    of = network.virtual_networks
    path("virtual networks create", lambda: of.begin_create_or_update(GROUP, "net", net), done)
    path("virtual networks get", lambda: of.get(GROUP, "net"), lambda it: it.address_space.address_prefixes == ["10.0.0.0/16"])
    path("virtual networks list", lambda: of.list(GROUP), holds("net"))
    path("virtual networks list all", lambda: of.list_all(), holds("net"))
    path("virtual networks tags", lambda: of.update_tags(GROUP, "net", {"tags": {"a": "b"}}), tagged(a="b"))
    subnets(network)
    free = lambda address: lambda: of.check_ip_address_availability(GROUP, "net", ip_address=address)
    path("virtual networks check a free address", free("10.0.0.9"), lambda it: it.available is True)
    path("virtual networks check a kept address", free("10.0.0.1"), lambda it: it.available is False)
    path("virtual networks usage", lambda: of.list_usage(GROUP, "net"), lambda all: len(all) == 2)


def subnets(network):
    of = network.subnets
    apps = {"properties": {"addressPrefix": "10.0.0.0/24", "delegations": [{"name": "0", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}]}}
    ends = {"properties": {"addressPrefix": "10.0.1.0/24", "privateEndpointNetworkPolicies": "Disabled"}}
    path("subnets create", lambda: of.begin_create_or_update(GROUP, "net", "apps", apps), done)
    path("subnets create, another", lambda: of.begin_create_or_update(GROUP, "net", "ends", ends), done)
    path("subnets get", lambda: of.get(GROUP, "net", "apps"), lambda it: it.delegations[0].service_name == "Microsoft.Web/serverFarms")
    path("subnets list", lambda: of.list(GROUP, "net"), holds("apps", "ends"))
    wrong = lambda prefix: lambda: of.begin_create_or_update(GROUP, "net", "c", {"properties": {"addressPrefix": prefix}})
    refused("subnets create, overlapping", wrong("10.0.1.0/25"), 400, "NetcfgSubnetRangesOverlap")
    refused("subnets create, outside", wrong("10.1.0.0/24"), 400, "NetcfgInvalidSubnet")
    path("subnets create, for a moment", wrong("10.0.9.0/24"), named("c"))
    path("subnets delete", lambda: of.begin_delete(GROUP, "net", "c"))
    gone("subnets", lambda: of.get(GROUP, "net", "c"))


def around(network):
    """Security groups, routes, addresses, gateways, peerings."""
    groups, rules = network.network_security_groups, network.security_rules
    path("security groups create", lambda: groups.begin_create_or_update(GROUP, "nsg", {"location": PLACE}), lambda it: len(it.default_security_rules) == 6)
    path("security groups get", lambda: groups.get(GROUP, "nsg"), named("nsg"))
    path("security groups list", lambda: groups.list(GROUP), holds("nsg"))
    path("security groups list all", lambda: groups.list_all(), holds("nsg"))
    path("security groups tags", lambda: groups.update_tags(GROUP, "nsg", {"tags": {"a": "b"}}), tagged(a="b"))
    rule = {"properties": {"protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": 100, "sourceAddressPrefix": "*",
                           "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "443"}}
    path("security rules create", lambda: rules.begin_create_or_update(GROUP, "nsg", "https", rule), named("https"))
    path("security rules get", lambda: rules.get(GROUP, "nsg", "https"), lambda it: it.priority == 100)
    path("security rules list", lambda: rules.list(GROUP, "nsg"), holds("https"))
    path("default rules list", lambda: network.default_security_rules.list(GROUP, "nsg"), lambda all: len(all) == 6)
    path("security rules delete", lambda: rules.begin_delete(GROUP, "nsg", "https"))
    path("security groups delete", lambda: groups.begin_delete(GROUP, "nsg"))
    gone("security groups", lambda: groups.get(GROUP, "nsg"))
    tables, routes = network.route_tables, network.routes
    path("route tables create", lambda: tables.begin_create_or_update(GROUP, "table", {"location": PLACE}), done)
    route = {"properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}}
    path("routes create", lambda: routes.begin_create_or_update(GROUP, "table", "out", route), named("out"))
    path("routes list", lambda: routes.list(GROUP, "table"), holds("out"))
    path("route tables list", lambda: tables.list(GROUP), holds("table"))
    path("routes delete", lambda: routes.begin_delete(GROUP, "table", "out"))
    path("route tables delete", lambda: tables.begin_delete(GROUP, "table"))
    addresses, gateways = network.public_ip_addresses, network.nat_gateways
    address = {"location": PLACE, "sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
    path("public addresses create", lambda: addresses.begin_create_or_update(GROUP, "out", address), lambda it: it.ip_address)
    path("public addresses list", lambda: addresses.list(GROUP), holds("out"))
    nat = {"location": PLACE, "sku": {"name": "Standard"}, "properties": {"publicIpAddresses": [{"id": f"{NET}/publicIPAddresses/out"}]}}
    path("NAT gateways create", lambda: gateways.begin_create_or_update(GROUP, "nat", nat), done)
    path("NAT gateways list", lambda: gateways.list(GROUP), holds("nat"))
    refused("public addresses delete, in use", lambda: addresses.begin_delete(GROUP, "out"), 400, "PublicIPAddressCannotBeDeleted")
    path("NAT gateways delete", lambda: gateways.begin_delete(GROUP, "nat"))
    path("public addresses delete", lambda: addresses.begin_delete(GROUP, "out"))
    other = {"location": PLACE, "properties": {"addressSpace": {"addressPrefixes": ["10.9.0.0/16"]}}}
    path("virtual networks create, to peer with", lambda: network.virtual_networks.begin_create_or_update(GROUP, "hub", other), done)
    peerings = network.virtual_network_peerings
    half = {"properties": {"remoteVirtualNetwork": {"id": f"{NET}/virtualNetworks/hub"}, "allowVirtualNetworkAccess": True}}
    path("peerings create", lambda: peerings.begin_create_or_update(GROUP, "net", "to-hub", half), lambda it: it.peering_state == "Initiated")
    path("peerings get", lambda: peerings.get(GROUP, "net", "to-hub"), named("to-hub"))
    path("peerings list", lambda: peerings.list(GROUP, "net"), holds("to-hub"))
    path("peerings delete", lambda: peerings.begin_delete(GROUP, "net", "to-hub"))
    path("virtual networks delete", lambda: network.virtual_networks.begin_delete(GROUP, "hub"))
    gone("virtual networks", lambda: network.virtual_networks.get(GROUP, "hub"))


def endpoints(network, dns, registry):
    target = f"{SCOPE}/providers/Microsoft.ContainerRegistry/registries/pythonregistry"
    subnet = f"{NET}/virtualNetworks/net/subnets/ends"
    body = {"location": PLACE, "properties": {"subnet": {"id": subnet}, "privateLinkServiceConnections": [
        {"name": "one", "properties": {"privateLinkServiceId": target, "groupIds": ["registry"]}}]}}
    zone = "privatelink.azurecr.io"
    zones_of, links, records = dns.private_zones, dns.virtual_network_links, dns.record_sets
    path("zones create", lambda: zones_of.begin_create_or_update(GROUP, zone, {"location": "global"}), done)
    path("zones get", lambda: zones_of.get(GROUP, zone), named(zone))
    path("zones list", lambda: zones_of.list_by_resource_group(GROUP), holds(zone))
    path("zones list all", lambda: zones_of.list(), holds(zone))
    path("zones update", lambda: zones_of.begin_update(GROUP, zone, {"tags": {"a": "b"}}), tagged(a="b"))
    link = {"location": "global", "properties": {"registrationEnabled": False, "virtualNetwork": {"id": subnet.split("/subnets")[0]}}}
    path("links create", lambda: links.begin_create_or_update(GROUP, zone, "link", link), done)
    path("links get", lambda: links.get(GROUP, zone, "link"), lambda it: it.virtual_network_link_state == "Completed")
    path("links list", lambda: links.list(GROUP, zone), holds("link"))
    path("links update", lambda: links.begin_update(GROUP, zone, "link", {"tags": {"a": "b"}}), tagged(a="b"))
    of = network.private_endpoints
    path("endpoints create", lambda: of.begin_create_or_update(GROUP, "end", body), done)
    path("endpoints get", lambda: of.get(GROUP, "end"), lambda it: it.private_link_service_connections[0].private_link_service_connection_state.status == "Approved")
    path("endpoints list", lambda: of.list(GROUP), holds("end"))
    path("endpoints list all", lambda: of.list_by_subscription(), holds("end"))
    connections = path("connections list", lambda: registry.private_endpoint_connections.list(GROUP, "pythonregistry"), lambda all: len(all) == 1)
    if connections:
        name = connections[0].name
        path("connections get", lambda: registry.private_endpoint_connections.get(GROUP, "pythonregistry", name), named(name))
    zones = {"properties": {"privateDnsZoneConfigs": [{"name": "a", "properties": {"privateDnsZoneId": f"{NET}/privateDnsZones/{zone}"}}]}}
    in_zone = network.private_dns_zone_groups
    path("zone groups create", lambda: in_zone.begin_create_or_update(GROUP, "end", "zg", zones), done)
    path("zone groups get", lambda: in_zone.get(GROUP, "end", "zg"), lambda it: len(it.private_dns_zone_configs[0].record_sets) == 2)
    path("zone groups list", lambda: in_zone.list("end", GROUP), holds("zg"))
    path("record sets list", lambda: records.list(GROUP, zone), holds("pythonregistry"))
    record = lambda ttl: {"properties": {"ttl": ttl, "aRecords": [{"ipv4Address": "10.0.0.4"}]}}
    path("record sets create", lambda: records.create_or_update(GROUP, zone, "A", "mine", record(60)), named("mine"))
    path("record sets get", lambda: records.get(GROUP, zone, "A", "mine"), lambda it: it.ttl == 60)
    path("record sets update", lambda: records.update(GROUP, zone, "A", "mine", record(90)), lambda it: it.ttl == 90)
    path("record sets list, of a type", lambda: records.list_by_type(GROUP, zone, "A"), holds("mine", "pythonregistry"))
    path("record sets delete", lambda: records.delete(GROUP, zone, "A", "mine"))
    gone("record sets", lambda: records.get(GROUP, zone, "A", "mine"))
    nics = path("interfaces list", lambda: network.network_interfaces.list(GROUP), lambda all: len(all) == 1)
    if nics:
        path("interfaces get", lambda: network.network_interfaces.get(GROUP, nics[0].name), lambda it: len(it.ip_configurations) == 2)
        refused("interfaces delete, of an endpoint", lambda: network.network_interfaces.begin_delete(GROUP, nics[0].name), 400)
    refused("subnets delete, in use", lambda: network.subnets.begin_delete(GROUP, "net", "ends"), 400, "InUseSubnetCannotBeDeleted")
    refused("zones delete, with links", lambda: zones_of.begin_delete(GROUP, zone), 409)
    path("zone groups delete", lambda: in_zone.begin_delete(GROUP, "end", "zg"))
    path("record sets, gone with the group", lambda: records.list_by_type(GROUP, zone, "A"), lambda all: all == [])
    path("endpoints delete", lambda: of.begin_delete(GROUP, "end"))
    gone("endpoints", lambda: of.get(GROUP, "end"))
    path("links delete", lambda: links.begin_delete(GROUP, zone, "link"))
    path("zones delete", lambda: zones_of.begin_delete(GROUP, zone))
    gone("zones", lambda: zones_of.get(GROUP, zone))
