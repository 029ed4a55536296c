# Changing each thing, and making and deleting what the walkthrough has no command for. Sourced by run.sh.
registry=secureacr2021
zone=(--resource-group $g --zone-name privatelink.azurecr.io)

# Who one is
step "account show" 0 'out["state"] == "Enabled"' az account show
step "account list-locations" 0 '"westcentralus" in names()' az account list-locations
step "account get-access-token" 0 'out["tokenType"] == "Bearer" and out["accessToken"]' az account get-access-token
step "provider show" 0 'out["registrationState"] == "Registered"' az provider show --namespace Microsoft.ContainerRegistry
step "provider list" 0 '"Microsoft.Web" in [one["namespace"] for one in out]' az provider list
step "provider register" 0 'True' az provider register --namespace Microsoft.KeyVault

# The network
step "vnet update" 0 'out["addressSpace"]["addressPrefixes"] == ["10.0.0.0/16", "10.2.0.0/16"]' \
  az network vnet update --resource-group $g --name secureacr-vnet --address-prefixes 10.0.0.0/16 10.2.0.0/16
step "vnet check-ip-address, taken" 0 'out["available"] is False' az network vnet check-ip-address --resource-group $g --name secureacr-vnet --ip-address 10.0.1.4
step "vnet create, another" 0 'out["newVNet"]["subnets"][0]["name"] == "inside"' \
  az network vnet create --resource-group $g --location $place --name other-vnet --address-prefixes 10.9.0.0/16 --subnet-name inside --subnet-prefixes 10.9.0.0/24
step "vnet peering create" 0 'out["peeringState"] == "Initiated"' \
  az network vnet peering create --resource-group $g --vnet-name secureacr-vnet --name to-other --remote-vnet other-vnet --allow-vnet-access
step "vnet peering create, back" 0 'out["peeringState"] == "Connected"' \
  az network vnet peering create --resource-group $g --vnet-name other-vnet --name to-first --remote-vnet secureacr-vnet --allow-vnet-access
step "vnet peering list" 0 'names() == ["to-other"]' az network vnet peering list --resource-group $g --vnet-name secureacr-vnet
step "vnet peering delete" 0 'out == ""' az network vnet peering delete --resource-group $g --vnet-name secureacr-vnet --name to-other
step "vnet delete" 0 'out == ""' az network vnet delete --resource-group $g --name other-vnet
step "vnet list, one less" 0 'names() == ["secureacr-vnet"]' az network vnet list --resource-group $g
subnet=(--resource-group $g --vnet-name secureacr-vnet --name spare)
step "nsg create" 0 'len(out["NewNSG"]["defaultSecurityRules"]) == 6' az network nsg create --resource-group $g --name spare-nsg --location $place
step "nsg rule create" 0 'out["priority"] == 100' \
  az network nsg rule create --resource-group $g --nsg-name spare-nsg --name https --priority 100 --destination-port-ranges 443 --access Allow --protocol Tcp
step "nsg rule list" 0 'names() == ["https"]' az network nsg rule list --resource-group $g --nsg-name spare-nsg
step "subnet create, a third" 0 'out["addressPrefix"] == "10.2.0.0/24"' az network vnet subnet create "${subnet[@]}" --address-prefixes 10.2.0.0/24
step "subnet update" 0 'out["networkSecurityGroup"]["id"].endswith("/spare-nsg")' az network vnet subnet update "${subnet[@]}" --network-security-group spare-nsg
step "nsg delete, in use" 1 '"InUseNetworkSecurityGroupCannotBeDeleted" in complaint' az network nsg delete --resource-group $g --name spare-nsg
step "subnet delete" 0 'out == ""' az network vnet subnet delete "${subnet[@]}"
step "nsg delete" 0 'out == ""' az network nsg delete --resource-group $g --name spare-nsg
step "subnet list, one less" 0 'names() == ["private-endpoint-subnet", "vnet-integration-subnet"]' az network vnet subnet list --resource-group $g --vnet-name secureacr-vnet

# Private DNS
step "private-dns zone show" 0 'out["numberOfVirtualNetworkLinks"] == 1' az network private-dns zone show --resource-group $g --name privatelink.azurecr.io
step "private-dns zone update" 0 'out["tags"] == {"team": "blue"}' az network private-dns zone update --resource-group $g --name privatelink.azurecr.io --tags team=blue
step "private-dns link update" 0 'out["tags"] == {"team": "blue"}' az network private-dns link vnet update "${zone[@]}" --name acr-zonelink --tags team=blue
step "private-dns record-set a create" 0 'out["ttl"] == 60' az network private-dns record-set a create "${zone[@]}" --name mine --ttl 60
step "private-dns record-set a add-record" 0 'out["aRecords"] == [{"ipv4Address": "10.0.1.99"}]' \
  az network private-dns record-set a add-record "${zone[@]}" --record-set-name mine --ipv4-address 10.0.1.99
step "private-dns record-set a list" 0 '"mine" in names()' az network private-dns record-set a list "${zone[@]}"
step "private-dns record-set a update" 0 'out["metadata"] == {"a": "b"}' az network private-dns record-set a update "${zone[@]}" --name mine --metadata a=b
step "private-dns record-set a delete" 0 'out == ""' az network private-dns record-set a delete "${zone[@]}" --name mine --yes
step "private-dns record-set cname set-record" 0 'out["cnameRecord"]["cname"] == "example.org"' \
  az network private-dns record-set cname set-record "${zone[@]}" --record-set-name alias --cname example.org
step "private-dns record-set cname delete" 0 'out == ""' az network private-dns record-set cname delete "${zone[@]}" --name alias --yes
step "private-dns record-set list, as before" 0 '"mine" not in names() and "alias" not in names()' az network private-dns record-set list "${zone[@]}"

# The endpoint
end=(--resource-group $g --endpoint-name secureacr-pe)
step "private-endpoint update" 0 'out["tags"] == {"team": "blue"}' az network private-endpoint update --resource-group $g --name secureacr-pe --tags team=blue
step "dns-zone-group show" 0 'len(out["privateDnsZoneConfigs"]) == 1' az network private-endpoint dns-zone-group show "${end[@]}" --name secureacr-zg
step "private-link-resource list" 0 'names() == ["registry"]' az network private-link-resource list --id "$acr_resource_id"
step "private-endpoint-connection list" 0 'len(out) == 1' az network private-endpoint-connection list --id "$acr_resource_id"
step "nic list, of the endpoint" 0 'all(one["privateIPAddress"].startswith("10.0.1.") for nic in out for one in nic["ipConfigurations"])' az network nic list --resource-group $g

# The registry
step "acr update, tags" 0 'out["tags"] == {"team": "blue"}' az acr update --name $registry --tags team=blue
step "acr show-endpoints" 0 'out["loginServer"] == "secureacr2021.azurecr.io"' az acr show-endpoints --name $registry
step "acr network-rule remove" 0 'out["networkRuleSet"]["ipRules"] == []' az acr network-rule remove --name $registry --ip-address 203.0.113.7
step "acr repository list, from outside" 1 '"DENIED" in complaint or "denied" in complaint or "firewall" in complaint' az acr repository list --name $registry
step "acr network-rule add, again" 0 'len(out["networkRuleSet"]["ipRules"]) == 1' az acr network-rule add --name $registry --ip-address 203.0.113.7
step "acr repository update" 0 'out["changeableAttributes"]["writeEnabled"] is False' az acr repository update --name $registry --image privatewebsite:lnx-v2 --write-enabled false
step "acr repository delete, locked" 1 '"locked" in complaint or "disallowed" in complaint' az acr repository delete --name $registry --image privatewebsite:lnx-v2 --yes
step "acr repository update, back" 0 'out["changeableAttributes"]["writeEnabled"] is True' az acr repository update --name $registry --image privatewebsite:lnx-v2 --write-enabled true
step "acr manifest show" 0 'len(out["layers"]) >= 1' az acr manifest show --registry $registry --name privatewebsite:lnx-v1
step "acr manifest show-metadata" 0 'out["name"] == "lnx-v1" and out["digest"].startswith("sha256:")' az acr manifest show-metadata --registry $registry --name privatewebsite:lnx-v1
step "acr config retention update" 0 'out["status"] == "enabled" and out["days"] == 30' az acr config retention update --registry $registry --status enabled --days 30 --type UntaggedManifests
step "acr config content-trust show" 0 'out["status"] == "disabled"' az acr config content-trust show --registry $registry
step "acr replication create" 0 "$succeeded" az acr replication create --registry $registry --location eastus
step "acr replication list" 0 'names() == ["eastus", "westcentralus"]' az acr replication list --registry $registry
step "acr replication delete" 0 'out == ""' az acr replication delete --registry $registry --name eastus
step "acr replication list, one less" 0 'names() == ["westcentralus"]' az acr replication list --registry $registry
step "acr scope-map create" 0 'out["actions"] == ["repositories/privatewebsite/content/read"]' \
  az acr scope-map create --registry $registry --name puller --repository privatewebsite content/read
step "acr scope-map update" 0 'len(out["actions"]) == 2' az acr scope-map update --registry $registry --name puller --add-repository privatewebsite metadata/read
step "acr scope-map list" 0 '"puller" in names()' az acr scope-map list --registry $registry
step "acr token create, with a password" 0 'len(out["credentials"]["passwords"]) == 2' az acr token create --registry $registry --name pulls --scope-map puller
password=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["credentials"]["passwords"][0]["value"])' "$answer" 2>/dev/null)
if has_skopeo; then
  as_token=(--dest-creds "pulls:$password")
  step "a token pulls what its scope map names" 0 'True' skopeo copy --src-creds "pulls:$password" docker://$registry.azurecr.io/privatewebsite:lnx-v1 oci:"$work/pulled":v1
  step "a token pushes nothing" 1 '"denied" in complaint or "unauthorized" in complaint' skopeo copy "${as_token[@]}" oci:"$work/image":v1 docker://$registry.azurecr.io/privatewebsite:pushed
  step "a token sees no other repository" 1 '"denied" in complaint or "unauthorized" in complaint' skopeo list-tags --creds "pulls:$password" docker://$registry.azurecr.io/elsewhere
  step "nobody pulls without a name" 1 '"unauthorized" in complaint or "authentication required" in complaint' skopeo inspect --no-creds docker://$registry.azurecr.io/privatewebsite:lnx-v1
  step "acr login, to push" 0 'out["accessToken"]' az acr login --name $registry --expose-token
  token=$(field accessToken)
  user=00000000-0000-0000-0000-000000000000
  step "skopeo pushes" 0 'True' skopeo copy --dest-creds "$user:$token" oci:"$work/image":v1 docker://$registry.azurecr.io/pushed:one
  step "skopeo copies within the registry" 0 'True' \
    skopeo copy --src-creds "$user:$token" --dest-creds "$user:$token" docker://$registry.azurecr.io/pushed:one docker://$registry.azurecr.io/copied:one
  step "skopeo inspects" 0 'out["Os"] == "linux" and out["RepoTags"] == ["one"]' skopeo inspect --creds "$user:$token" docker://$registry.azurecr.io/copied:one
  step "skopeo deletes" 0 'True' skopeo delete --creds "$user:$token" docker://$registry.azurecr.io/copied:one
  step "acr repository list, pushed" 0 '"pushed" in out' az acr repository list --name $registry
  step "skopeo inspects what is gone" 1 '"manifest unknown" in complaint' skopeo inspect --creds "$user:$token" docker://$registry.azurecr.io/copied:one
  step "acr repository delete, pushed" 0 'len(out["manifestsDeleted"]) == 1' az acr repository delete --name $registry --repository pushed --yes
fi
step "acr token update" 0 'out["status"] == "disabled"' az acr token update --registry $registry --name pulls --status disabled
step "acr token credential generate" 0 '[bool(one["value"]) for one in out["passwords"]] == [True, False]' az acr token credential generate --registry $registry --name pulls --password1
step "acr token show" 0 'out["status"] == "disabled"' az acr token show --registry $registry --name pulls
step "acr token delete" 0 'out == ""' az acr token delete --registry $registry --name pulls --yes
step "acr token list, one less" 0 'names() == ["reader"]' az acr token list --registry $registry
step "acr scope-map delete" 0 'out == ""' az acr scope-map delete --registry $registry --name puller --yes
step "acr cache create" 0 'out["targetRepository"] == "nginx"' az acr cache create --registry $registry --name nginx --source-repo docker.io/library/nginx --target-repo nginx
step "acr cache list" 0 'names() == ["nginx"]' az acr cache list --registry $registry
step "acr cache delete" 0 'out == ""' az acr cache delete --registry $registry --name nginx --yes
step "acr agentpool create" 0 "$succeeded" az acr agentpool create --registry $registry --name pool --tier S1
step "acr agentpool list" 0 'names() == ["pool"]' az acr agentpool list --registry $registry
step "acr agentpool delete" 0 'True' az acr agentpool delete --registry $registry --name pool --yes --no-wait
step "acr agentpool list, on its way out" 0 'all(one["provisioningState"] == "Deleting" for one in out)' az acr agentpool list --registry $registry
step "acr build, where the firewall is shut" 1 '"is not allowed access" in out + complaint' az acr build --registry $registry --image failing:v1 "$work/source"
step "acr update, everybody" 0 'out["networkRuleSet"]["defaultAction"] == "Allow"' az acr update --name $registry --default-action Allow
printf 'FROM nginx\nRUN echo hello\n' >Dockerfile
step "acr build, which needs a container" 1 '"not modelled" in out + complaint' az acr build --registry $registry --image failing:v1 .
printf 'FROM nginx\nCOPY index.html nowhere.html /usr/share/nginx/html/\n' >Dockerfile
step "acr build, of a missing file" 1 '"nowhere.html" in out + complaint' az acr build --registry $registry --image failing:v1 .
step "acr task list-runs, failed" 0 '[one["status"] for one in out][:3] == ["Failed"] * 3' az acr task list-runs --registry $registry
step "acr update, only who is named, again" 0 'out["networkRuleSet"]["defaultAction"] == "Deny"' az acr update --name $registry --default-action Deny

# The plan and the app
step "appservice plan update, sku" 0 'out["sku"]["name"] == "P2v3"' az appservice plan update --resource-group $g --name secureacrplan --sku P2V3
step "webapp update, tags" 0 'out["tags"] == {"team": "blue"}' az webapp update "${app[@]}" --set tags.team=blue
step "webapp config container set" 0 '"lnx-v2" in str(out)' \
  az webapp config container set "${app[@]}" --container-image-name $registry.azurecr.io/privatewebsite:lnx-v2 --container-registry-url https://$registry.azurecr.io
step "webapp config connection-string set" 0 'out["db"]["type"] == "Custom"' az webapp config connection-string set "${app[@]}" --connection-string-type Custom --settings db=there
step "webapp config connection-string list" 0 '[(one["name"], one["value"]) for one in out] == [("db", "there")]' az webapp config connection-string list "${app[@]}"
step "webapp config connection-string delete" 0 'True' az webapp config connection-string delete "${app[@]}" --setting-names db
step "webapp config connection-string list, none" 0 'out == []' az webapp config connection-string list "${app[@]}"
step "webapp config hostname list" 0 'names() == ["secureacrweb2021.azurewebsites.net"]' az webapp config hostname list --resource-group $g --webapp-name $web
step "webapp config access-restriction show" 0 'len(out["ipSecurityRestrictions"]) >= 1' az webapp config access-restriction show "${app[@]}"
step "webapp deployment list-publishing-profiles" 0 'len(out) >= 1' az webapp deployment list-publishing-profiles "${app[@]}"
step "webapp deployment list-publishing-credentials" 0 'out["publishingUserName"] == "$secureacrweb2021"' az webapp deployment list-publishing-credentials "${app[@]}"
step "webapp list-runtimes" 0 'len(out) > 0' az webapp list-runtimes --os-type linux
step "webapp identity remove, the last" 0 'out is None or out == "" or out["type"] == "None"' az webapp identity remove "${app[@]}"
step "webapp identity assign, again" 0 'out["principalId"]' az webapp identity assign "${app[@]}"
step "webapp create, a second of the name" 0 'out["name"] == "secureacrweb2021"' \
  az webapp create --resource-group $g --plan secureacrplan --name $web --deployment-container-image-name mcr.microsoft.com/appsvc/staticsite:latest

# Identities, roles
step "identity federated-credential create" 0 'out["subject"] == "repo:x"' \
  az identity federated-credential create --resource-group $g --identity-name secureacr-identity --name cicd --issuer https://example.org --subject repo:x --audiences api://AzureADTokenExchange
step "identity federated-credential list" 0 'names() == ["cicd"]' az identity federated-credential list --resource-group $g --identity-name secureacr-identity
step "identity federated-credential delete" 0 'out == ""' az identity federated-credential delete --resource-group $g --identity-name secureacr-identity --name cicd --yes
step "identity update" 0 'out["tags"] == {"team": "blue"}' az identity update --resource-group $g --name secureacr-identity --tags team=blue
step "role assignment list, of a principal" 0 '[one["roleDefinitionName"] for one in out] == ["AcrPull"]' \
  az role assignment list --assignee "$identity_principal_id" --all
cat >"$work/role.json" <<J
{ "Name": "Sees groups", "Description": "d", "Actions": ["Microsoft.Resources/subscriptions/resourceGroups/read"],
  "AssignableScopes": ["/subscriptions/22222222-2222-2222-2222-222222222222"] }
J
step "role definition create" 0 'out["roleName"] == "Sees groups"' az role definition create --role-definition "$work/role.json"
step "role definition list, custom" 0 '[one["roleName"] for one in out] == ["Sees groups"]' az role definition list --custom-role-only true
step "role definition delete" 0 'True' az role definition delete --name "Sees groups"
step "role definition list, none" 0 'out == []' az role definition list --custom-role-only true

# Storage, functions, vaults
step "storage account show" 0 'out["kind"] == "StorageV2"' az storage account show --resource-group $g --name secureacrstore2021
step "storage account list" 0 'names() == ["secureacrstore2021"]' az storage account list --resource-group $g
step "storage account keys list" 0 'len(out) == 2' az storage account keys list --resource-group $g --account-name secureacrstore2021
step "storage account update" 0 'out["tags"] == {"team": "blue"}' az storage account update --resource-group $g --name secureacrstore2021 --tags team=blue
step "functionapp plan create, again" 0 'out["sku"]["name"] == "EP1"' az functionapp plan create --resource-group $g --name functions --location $place --sku EP1 --is-linux
step "functionapp create, another" 0 '"functionapp" in out["kind"]' \
  az functionapp create --resource-group $g --name secureacrfun2022 --plan functions --storage-account secureacrstore2021 --functions-version 4 --image $registry.azurecr.io/privatewebsite:lnx-v1 --disable-app-insights
step "functionapp list" 0 'names() == ["secureacrfun2022"]' az functionapp list --resource-group $g
step "functionapp update" 0 'out["httpsOnly"] is True' az functionapp update --resource-group $g --name secureacrfun2022 --set httpsOnly=true
step "functionapp config appsettings set" 0 'any(s["name"] == "A" for s in out)' az functionapp config appsettings set --resource-group $g --name secureacrfun2022 --settings A=1
step "functionapp config container show" 0 '"lnx-v1" in str(out)' az functionapp config container show --resource-group $g --name secureacrfun2022
step "functionapp identity assign" 0 'out["principalId"]' az functionapp identity assign --resource-group $g --name secureacrfun2022
step "functionapp delete, the last of its plan" 0 'out == ""' az functionapp delete --resource-group $g --name secureacrfun2022
step "functionapp list, none any more" 0 'out == []' az functionapp list --resource-group $g
step "storage account delete" 0 'out == ""' az storage account delete --resource-group $g --name secureacrstore2021 --yes
step "storage account list, none" 0 'out == []' az storage account list --resource-group $g
kv=secureacrkv2022
step "keyvault create, with roles" 0 'out["properties"]["enableRbacAuthorization"] is True' az keyvault create --resource-group $g --name $kv --location $place --enable-rbac-authorization true
step "keyvault secret set, without a role" 1 '"Forbidden" in complaint' az keyvault secret set --vault-name $kv --name word --value hush
step "role assignment create, on the vault" 0 'out["principalId"]' \
  az role assignment create --role "Key Vault Secrets Officer" --assignee 33333333-3333-3333-3333-333333333333 \
  --scope "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/$g/providers/Microsoft.KeyVault/vaults/$kv"
step "keyvault secret set, with the role" 0 'out["value"] == "hush"' az keyvault secret set --vault-name $kv --name word --value hush
step "keyvault secret set-attributes" 0 'out["attributes"]["enabled"] is False' az keyvault secret set-attributes --vault-name $kv --name word --enabled false
step "keyvault secret show, disabled" 1 '"disabled" in complaint' az keyvault secret show --vault-name $kv --name word
step "keyvault secret set, a new version" 0 'out["value"] == "hush hush"' az keyvault secret set --vault-name $kv --name word --value "hush hush"
step "keyvault secret list-versions" 0 'len(out) == 2' az keyvault secret list-versions --vault-name $kv --name word
step "keyvault secret delete, for a moment" 0 'out["recoveryId"]' az keyvault secret delete --vault-name $kv --name word
step "keyvault secret list-deleted" 0 'names() == ["word"]' az keyvault secret list-deleted --vault-name $kv
step "keyvault secret recover" 0 'out["name"] == "word"' az keyvault secret recover --vault-name $kv --name word
step "keyvault network-rule add" 0 'len(out["properties"]["networkAcls"]["ipRules"]) == 1' az keyvault network-rule add --name $kv --ip-address 203.0.113.0/24
step "keyvault network-rule list" 0 'len(out["ipRules"]) == 1' az keyvault network-rule list --name $kv
step "keyvault network-rule remove" 0 'not (out["properties"]["networkAcls"] or {}).get("ipRules")' az keyvault network-rule remove --name $kv --ip-address 203.0.113.0/24
step "keyvault update" 0 'out["tags"] == {"team": "blue"}' az keyvault update --name $kv --set tags.team=blue
step "keyvault show" 0 'out["properties"]["vaultUri"] == "https://secureacrkv2022.vault.azure.net/"' az keyvault show --name $kv
step "keyvault delete, with roles" 0 'out == ""' az keyvault delete --resource-group $g --name $kv
step "keyvault recover" 0 'out["name"] == "secureacrkv2022"' az keyvault recover --name $kv --location $place
step "keyvault delete, for good" 0 'out == ""' az keyvault delete --resource-group $g --name $kv
step "keyvault purge, for good" 0 'out == ""' az keyvault purge --name $kv --location $place

# Templates, locks, tags, resources of any type
step "deployment group create, for the export" 0 'out["properties"]["provisioningState"] == "Succeeded"' az deployment group create --name second "${template[@]}"
step "deployment group export" 0 'out["resources"][0]["type"] == "Microsoft.ManagedIdentity/userAssignedIdentities"' az deployment group export --resource-group $g --name second
step "deployment group what-if, nothing to do" 0 'not any(one["changeType"] in ("Create", "Delete", "Modify") for one in out["changes"])' \
  az deployment group what-if "${template[@]}" --no-pretty-print
sed 's#Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion#Microsoft.Nowhere/things", "apiVersion#' "$work/template.json" >"$work/broken.json"
step "deployment group create, broken" 1 '"Microsoft.Nowhere/things" in complaint' \
  az deployment group create --resource-group $g --template-file "$work/broken.json" --parameters name=x
lock=(--name keep --resource-group $g --resource secureacr-vnet --resource-type Microsoft.Network/virtualNetworks)
step "lock create, on a resource" 0 'out["level"] == "ReadOnly"' az lock create --lock-type ReadOnly "${lock[@]}"
step "vnet update, read only" 1 '"ScopeLocked" in complaint' az network vnet update --resource-group $g --name secureacr-vnet --address-prefixes 10.0.0.0/16
step "lock show" 0 'out["level"] == "ReadOnly"' az lock show "${lock[@]}"
step "lock update" 0 'out["level"] == "CanNotDelete"' az lock update --lock-type CanNotDelete "${lock[@]}"
step "group delete, with a lock inside" 1 '"ScopeLocked" in complaint' az group delete --name $g --yes
step "lock delete, of a resource" 0 'out == ""' az lock delete "${lock[@]}"
step "tag delete" 0 'out == ""' az tag delete --resource-id "$acr_resource_id" --yes
step "tag list, none" 0 'out["properties"]["tags"] in (None, {})' az tag list --resource-id "$acr_resource_id"
step "resource tag" 0 'out["tags"] == {"x": "y"}' az resource tag --tags x=y --ids "$acr_resource_id"
step "resource list, by tag" 0 'names() == ["secureacr2021"]' az resource list --tag x=y
step "resource show, by id" 0 'out["properties"]["loginServer"] == "secureacr2021.azurecr.io"' az resource show --ids "$acr_resource_id"
step "resource create" 0 'out["name"] == "made"' \
  az resource create --resource-group $g --name made --resource-type Microsoft.Network/applicationSecurityGroups --location $place --properties '{}'
step "resource delete, by name" 0 'out == ""' az resource delete --resource-group $g --name made --resource-type Microsoft.Network/applicationSecurityGroups
step "resource show, gone" 3 '"ResourceNotFound" in complaint' az resource show --resource-group $g --name made --resource-type Microsoft.Network/applicationSecurityGroups
step "rest" 0 'out["name"] == "secureacrsetup"' az rest --method get --url "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/$g?api-version=2021-04-01" --resource https://management.azure.com/
step "what is not modelled says so" 1 '"not modelled by this emulator" in complaint' az resource create --resource-group $g --name x --resource-type Microsoft.Cache/redis --location $place --properties '{}'
