"""App Service: plans, apps, their configuration, slots."""

from harness import GROUP, PLACE, SCOPE, done, gone, holds, named, path, refused, tagged

NAME = "pythonsite"
AT = (GROUP, NAME)
IMAGE = "DOCKER|mcr.microsoft.com/appsvc/staticsite:latest"
SITE = {"location": PLACE, "kind": "app,linux,container", "properties": {
    "serverFarmId": f"{SCOPE}/providers/Microsoft.Web/serverfarms/plan", "siteConfig": {"linuxFxVersion": IMAGE}}}


def plans(web):
    of = web.app_service_plans
    plan = {"location": PLACE, "kind": "linux", "sku": {"name": "P1v3"}, "properties": {"reserved": True}}
    path("plans create", lambda: of.begin_create_or_update(GROUP, "plan", plan), done)
    path("plans get", lambda: of.get(GROUP, "plan"), lambda it: it.sku.name == "P1v3" and it.reserved is True)
    path("plans list", lambda: of.list(), holds("plan"))
    path("plans list of a group", lambda: of.list_by_resource_group(GROUP), holds("plan"))
    path("plans update", lambda: of.update(GROUP, "plan", {"properties": {"perSiteScaling": True}}), lambda it: it.per_site_scaling is True)
    refused("plans create, no such SKU", lambda: of.begin_create_or_update(GROUP, "odd", plan | {"sku": {"name": "Q7"}}), 400)
    path("sites create", lambda: web.web_apps.begin_create_or_update(*AT, SITE), lambda it: it.default_host_name == "pythonsite.azurewebsites.net")
    path("plans, their sites", lambda: of.list_web_apps(GROUP, "plan"), holds(NAME))
    path("plans restart their sites", lambda: of.restart_web_apps(GROUP, "plan"))
    refused("plans delete, with a site", lambda: of.delete(GROUP, "plan"), 409)


def apps(web):
    of = web.web_apps
    path("sites get", lambda: of.get(*AT), lambda it: it.state == "Running")
    path("sites list", lambda: of.list(), holds(NAME))
    path("sites list of a group", lambda: of.list_by_resource_group(GROUP), holds(NAME))
    path("sites update", lambda: of.update(*AT, {"properties": {"httpsOnly": True}}), lambda it: it.https_only is True)
    path("sites check name", lambda: web.check_name_availability({"name": NAME, "type": "Microsoft.Web/sites"}), lambda it: it.name_available is False)
    path("sites get config", lambda: of.get_configuration(*AT), lambda it: it.linux_fx_version == IMAGE)
    path("sites update config", lambda: of.update_configuration(*AT, {"properties": {"alwaysOn": True}}), lambda it: it.always_on is True)
    path("sites replace config", lambda: of.create_or_update_configuration(*AT, {"properties": {"linuxFxVersion": IMAGE, "minTlsVersion": "1.2"}}), lambda it: it.min_tls_version == "1.2")
    path("sites configurations", lambda: of.list_configurations(*AT), lambda all: len(all) == 1)
    path("sites settings", lambda: of.update_application_settings(*AT, {"properties": {"A": "1"}}), lambda it: dict(it.properties) == {"A": "1"})
    path("sites list settings", lambda: of.list_application_settings(*AT), lambda it: dict(it.properties) == {"A": "1"})
    strings = {"properties": {"db": {"value": "there", "type": "Custom"}}}
    path("sites connection strings", lambda: of.update_connection_strings(*AT, strings), lambda it: it.properties["db"].value == "there")
    path("sites list connection strings", lambda: of.list_connection_strings(*AT), lambda it: list(it.properties) == ["db"])
    path("sites metadata", lambda: of.update_metadata(*AT, {"properties": {"x": "y"}}), lambda it: dict(it.properties) == {"x": "y"})
    path("sites sticky names", lambda: web.web_apps.get(*AT), named(NAME))
    logs = {"properties": {"httpLogs": {"fileSystem": {"enabled": True, "retentionInDays": 3, "retentionInMb": 35}}}}
    path("sites logs", lambda: of.update_diagnostic_logs_config(*AT, logs), lambda it: it.http_logs.file_system.enabled is True)
    path("sites get logs", lambda: of.get_diagnostic_logs_configuration(*AT), lambda it: it.http_logs.file_system.retention_in_days == 3)
    path("sites container log", lambda: of.get_web_site_container_logs(*AT), lambda it: b"staticsite" in b"".join(it))
    path("sites publishing credentials", lambda: of.begin_list_publishing_credentials(*AT), lambda it: it.publishing_user_name == f"${NAME}")
    path("sites publishing policies", lambda: of.list_basic_publishing_credentials_policies(*AT), holds("ftp", "scm"))
    path("sites forbid FTP", lambda: of.update_ftp_allowed(*AT, {"properties": {"allow": False}}), lambda it: it.allow is False)
    path("sites get FTP", lambda: of.get_ftp_allowed(*AT), lambda it: it.allow is False)
    path("sites publishing profile", lambda: of.list_publishing_profile_xml_with_secrets(*AT, {"format": "WebDeploy"}), lambda it: b"publishProfile" in b"".join(it))
    path("host names list", lambda: of.list_host_name_bindings(*AT), lambda all: len(all) == 1)
    path("sites restart", lambda: of.restart(*AT))
    path("sites stop", lambda: of.stop(*AT))
    path("sites get, stopped", lambda: of.get(*AT), lambda it: it.state == "Stopped")
    path("sites start", lambda: of.start(*AT))
    path("sites get, started", lambda: of.get(*AT), lambda it: it.state == "Running")
    path("sites with an identity", lambda: of.update(*AT, {"identity": {"type": "SystemAssigned"}}), lambda it: it.identity.principal_id)
    refused("sites get, none", lambda: of.get(GROUP, "nowhere"), 404, "ResourceNotFound")


def integration(web):
    of = web.web_apps
    subnet = f"{SCOPE}/providers/Microsoft.Network/virtualNetworks/net/subnets/apps"
    swift = {"properties": {"subnetResourceId": subnet, "swiftSupported": True}}
    path("sites integration", lambda: of.create_or_update_swift_virtual_network_connection_with_check(*AT, swift), lambda it: it.subnet_resource_id == subnet)
    path("sites integration, get", lambda: of.get_swift_virtual_network_connection(*AT), lambda it: it.subnet_resource_id == subnet)
    path("sites integration, shown by the site", lambda: of.get(*AT), lambda it: it.virtual_network_subnet_id == subnet)
    path("sites integration, delete", lambda: of.delete_swift_virtual_network(*AT))
    path("sites integration, gone", lambda: of.get(*AT), lambda it: it.virtual_network_subnet_id is None)
    path("sites containers", lambda: of.list_site_containers(*AT), lambda all: all == [])


def slots(web):
    of = web.web_apps
    slot = (*AT, "staging")
    path("slots create", lambda: of.begin_create_or_update_slot(*slot, SITE), lambda it: it.name == f"{NAME}/staging")
    path("slots get", lambda: of.get_slot(*slot), lambda it: it.default_host_name == "pythonsite-staging.azurewebsites.net")
    path("slots list", lambda: of.list_slots(*AT), holds(f"{NAME}/staging"))
    path("slots update", lambda: of.update_slot(*slot, {"properties": {"httpsOnly": False}}), lambda it: it.https_only is False)
    path("slots settings", lambda: of.update_application_settings_slot(*slot, {"properties": {"A": "2", "HERE": "staging"}}), lambda it: it.properties["A"] == "2")
    path("slots sticky names", lambda: of.update_slot_configuration_names(*AT, {"properties": {"appSettingNames": ["HERE"]}}), lambda it: it.app_setting_names == ["HERE"])
    path("slots sticky names, list", lambda: of.list_slot_configuration_names(*AT), lambda it: it.app_setting_names == ["HERE"])
    path("slots swap", lambda: of.begin_swap_slot_with_production(*AT, {"targetSlot": "staging", "preserveVnet": True}))
    path("slots swap moves settings", lambda: of.list_application_settings(*AT), lambda it: dict(it.properties).get("A") == "2" and "HERE" not in it.properties)
    path("slots swap leaves what sticks", lambda: of.list_application_settings_slot(*slot), lambda it: it.properties.get("HERE") == "staging")
    path("slots stop", lambda: of.stop_slot(*slot))
    path("slots delete", lambda: of.delete_slot(*slot))
    gone("slots", lambda: of.get_slot(*slot))


def away(web):
    of = web.web_apps
    path("sites delete", lambda: of.delete(*AT, delete_empty_server_farm=False))
    gone("sites", lambda: of.get(*AT))
    path("plans delete", lambda: web.app_service_plans.delete(GROUP, "plan"))
    gone("plans", lambda: web.app_service_plans.get(GROUP, "plan"))
    plan = {"location": PLACE, "kind": "elastic", "sku": {"name": "EP1"}, "properties": {"reserved": True}}
    path("plans create, for functions", lambda: web.app_service_plans.begin_create_or_update(GROUP, "plan", plan), done)
    function = SITE | {"kind": "functionapp,linux,container"}
    path("function apps create", lambda: of.begin_create_or_update(GROUP, "pythonfunctions", function), lambda it: it.kind == "functionapp,linux,container")
    path("function apps tags", lambda: of.begin_create_or_update(GROUP, "pythonfunctions", function | {"tags": {"a": "b"}}), tagged(a="b"))
    path("function apps delete, the last of its plan", lambda: of.delete(GROUP, "pythonfunctions"))
    gone("plans of the last app", lambda: web.app_service_plans.get(GROUP, "plan"))
