# What people do with the environment afterwards: look, change, take apart. Sourced by run.sh.
web=secureacrweb2021
app=(--resource-group $g --name $web)

# Looking
step "group show" 0 'out["location"] == "westcentralus"' az group show --name $g
step "group list" 0 '"secureacrsetup" in names()' az group list
step "group exists" 0 'out is True' az group exists --name $g
step "resource list" 0 'len(out) >= 10' az resource list --resource-group $g
step "resource list, one type" 0 'names() == ["secureacrweb2021", "secureacrwebregistry2021"]' \
  az resource list --resource-group $g --resource-type Microsoft.Web/sites
step "resource show" 0 'out["properties"]["addressSpace"]["addressPrefixes"] == ["10.0.0.0/16"]' \
  az resource show --resource-group $g --name secureacr-vnet --resource-type Microsoft.Network/virtualNetworks
step "vnet show" 0 'len(out["subnets"]) == 2' az network vnet show --resource-group $g --name secureacr-vnet
step "vnet list" 0 'names() == ["secureacr-vnet"]' az network vnet list --resource-group $g
step "subnet list" 0 'len(out) == 2' az network vnet subnet list --resource-group $g --vnet-name secureacr-vnet
step "subnet show" 0 'out["addressPrefix"] == "10.0.1.0/24"' az network vnet subnet show --resource-group $g --vnet-name secureacr-vnet --name private-endpoint-subnet
step "private-dns zone list" 0 'len(out) == 2' az network private-dns zone list --resource-group $g
step "private-dns link show" 0 'out["registrationEnabled"] is False' az network private-dns link vnet show --resource-group $g --zone-name privatelink.azurecr.io --name acr-zonelink
step "private-dns link list" 0 'names() == ["acr-zonelink"]' az network private-dns link vnet list --resource-group $g --zone-name privatelink.azurecr.io
step "private-dns record-set list" 0 '"secureacr2021" in names()' az network private-dns record-set list --resource-group $g --zone-name privatelink.azurecr.io
step "private-dns record-set a show" 0 'out["aRecords"][0]["ipv4Address"].startswith("10.0.1.")' \
  az network private-dns record-set a show --resource-group $g --zone-name privatelink.azurecr.io --name secureacr2021
step "private-endpoint show" 0 'out["privateLinkServiceConnections"][0]["privateLinkServiceConnectionState"]["status"] == "Approved"' \
  az network private-endpoint show --resource-group $g --name secureacr-pe
step "private-endpoint list" 0 'len(out) == 2' az network private-endpoint list --resource-group $g
step "dns-zone-group list" 0 'names() == ["secureacr-zg"]' az network private-endpoint dns-zone-group list --resource-group $g --endpoint-name secureacr-pe
step "private-endpoint, its interface" 0 '"/networkInterfaces/" in out' \
  az network private-endpoint show --resource-group $g --name secureacr-pe --query 'networkInterfaces[0].id' --output tsv
step "nic show" 0 'out["ipConfigurations"][0]["privateIPAddress"].startswith("10.0.1.")' az network nic show --ids "$(cat "$answer")"
step "nic list" 0 'len(out) == 2' az network nic list --resource-group $g
step "identity list" 0 'names() == ["secureacr-identity"]' az identity list --resource-group $g
step "role assignment list" 0 'len(out) == 2 and all(one["roleDefinitionName"] == "AcrPull" for one in out)' \
  az role assignment list --scope "$acr_resource_id"
step "role definition list" 0 'out[0]["name"].startswith("7f951dda")' az role definition list --name AcrPull

# The registry
step "acr list" 0 'names() == ["secureacr2021"]' az acr list --resource-group $g
step "acr check-name, taken" 0 'out["nameAvailable"] is False' az acr check-name --name secureacr2021
step "acr check-name, free" 0 'out["nameAvailable"] is True' az acr check-name --name nobodyhasthisone
step "acr repository list" 0 'out == ["privatewebsite"]' az acr repository list --name secureacr2021
step "acr repository show-tags" 0 'out == ["lnx-v1", "lnx-v2"]' az acr repository show-tags --name secureacr2021 --repository privatewebsite
step "acr repository show" 0 'out["tagCount"] == 2' az acr repository show --name secureacr2021 --repository privatewebsite
step "acr import" 0 'out == ""' az acr import --name secureacr2021 --source mcr.microsoft.com/appsvc/staticsite:latest --image staticsite:imported
step "acr repository list, imported" 0 'out == ["privatewebsite", "staticsite"]' az acr repository list --name secureacr2021
step "acr manifest list-metadata" 0 'len(out) == 2' az acr manifest list-metadata --registry secureacr2021 --name privatewebsite
step "acr repository untag" 0 'out == ""' az acr repository untag --name secureacr2021 --image staticsite:imported
step "acr repository show-tags, untagged" 0 'out == []' az acr repository show-tags --name secureacr2021 --repository staticsite
step "acr repository delete" 0 'len(out["manifestsDeleted"]) == 1' az acr repository delete --name secureacr2021 --repository staticsite --yes
step "acr repository list, deleted" 0 'out == ["privatewebsite"]' az acr repository list --name secureacr2021
step "acr show-usage" 0 'len(out["value"]) > 0' az acr show-usage --name secureacr2021
step "acr task list-runs" 0 'len(out) == 2 and out[0]["status"] == "Succeeded"' az acr task list-runs --registry secureacr2021
step "acr task logs" 0 '"privatewebsite:lnx-v2" in out' az acr task logs --registry secureacr2021
step "acr network-rule list" 0 'len(out["ipRules"]) == 1' az acr network-rule list --name secureacr2021
step "acr private-endpoint-connection list" 0 'len(out) == 1' az acr private-endpoint-connection list --registry-name secureacr2021
step "acr credential renew" 0 'len(out["passwords"]) == 2' az acr credential renew --name secureacr2021 --password-name password2
step "acr webhook create" 0 'out["actions"] == ["push"]' az acr webhook create --registry secureacr2021 --name pushed --uri https://example.org/hook --actions push
step "acr webhook list" 0 'names() == ["pushed"]' az acr webhook list --registry secureacr2021
step "acr webhook delete" 0 'out == ""' az acr webhook delete --registry secureacr2021 --name pushed
step "acr webhook list, none" 0 'out == []' az acr webhook list --registry secureacr2021
step "acr token create" 0 'out["status"] == "enabled"' az acr token create --registry secureacr2021 --name reader --repository privatewebsite content/read --no-passwords true
step "acr token list" 0 'names() == ["reader"]' az acr token list --registry secureacr2021

# The app
step "appservice plan show" 0 'out["properties"]["numberOfSites"] == 2' az appservice plan show --resource-group $g --name secureacrplan
step "appservice plan list" 0 'names() == ["secureacrplan"]' az appservice plan list --resource-group $g
step "appservice plan update" 0 'out["sku"]["capacity"] == 2' az appservice plan update --resource-group $g --name secureacrplan --number-of-workers 2
step "webapp list" 0 'len(out) == 2' az webapp list --resource-group $g
step "webapp show" 0 'out["virtualNetworkSubnetId"].endswith("vnet-integration-subnet")' az webapp show "${app[@]}"
step "webapp config show" 0 'out["acrUseManagedIdentityCreds"] is False' az webapp config show "${app[@]}"
step "webapp config appsettings list" 0 'any(s["name"] == "WEBSITE_PULL_IMAGE_OVER_VNET" for s in out)' az webapp config appsettings list "${app[@]}"
step "webapp config appsettings delete" 0 'not any(s["name"].startswith("DOCKER_REGISTRY_SERVER_U") for s in out)' \
  az webapp config appsettings delete "${app[@]}" --setting-names DOCKER_REGISTRY_SERVER_URL DOCKER_REGISTRY_SERVER_USERNAME DOCKER_REGISTRY_SERVER_PASSWORD
step "webapp config container show" 0 'any("customwebsite" in str(one["value"]) for one in out)' az webapp config container show "${app[@]}"
step "webapp identity show" 0 '"UserAssigned" in out["type"]' az webapp identity show "${app[@]}"
step "webapp vnet-integration list" 0 'len(out) == 1' az webapp vnet-integration list "${app[@]}"
step "webapp restart" 0 'True' az webapp restart "${app[@]}"
step "webapp stop" 0 'out == ""' az webapp stop "${app[@]}"
step "webapp, stopped" 0 'out == "Stopped"' az webapp show "${app[@]}" --query state --output tsv
step "webapp start" 0 'out == ""' az webapp start "${app[@]}"
step "webapp, started" 0 'out == "Running"' az webapp show "${app[@]}" --query state --output tsv
step "webapp log config" 0 'out["httpLogs"]["fileSystem"]["enabled"] is True' az webapp log config "${app[@]}" --web-server-logging filesystem --docker-container-logging filesystem
step "webapp log show" 0 'out["httpLogs"]["fileSystem"]["enabled"] is True' az webapp log show "${app[@]}"
step "webapp log download" 0 'out == ""' az webapp log download "${app[@]}" --log-file "$work/logs.zip"
step "the log of the container is in it" 0 '"docker.log" in out' python3 -m zipfile --list "$work/logs.zip"
step "webapp config access-restriction add" 0 'any(one["ipAddress"] == "198.51.100.0/24" for one in out)' \
  az webapp config access-restriction add "${app[@]}" --priority 100 --rule-name office --action Allow --ip-address 198.51.100.0/24
step "webapp config access-restriction remove" 0 '"office" not in str(out)' az webapp config access-restriction remove "${app[@]}" --rule-name office
step "webapp deployment slot create" 0 'out["name"].endswith("staging")' az webapp deployment slot create "${app[@]}" --slot staging --configuration-source $web
step "webapp deployment slot list" 0 'len(out) == 1' az webapp deployment slot list "${app[@]}"
step "slot appsettings set" 0 'any(s["slotSetting"] for s in out)' \
  az webapp config appsettings set "${app[@]}" --slot staging --slot-settings WHERE=staging
step "webapp deployment slot swap" 0 'out == ""' az webapp deployment slot swap "${app[@]}" --slot staging
step "a slot setting does not move" 0 'not any(s["name"] == "WHERE" for s in out)' az webapp config appsettings list "${app[@]}"
step "webapp deployment slot delete" 0 'out == ""' az webapp deployment slot delete "${app[@]}" --slot staging
step "webapp deployment slot list, none" 0 'out == []' az webapp deployment slot list "${app[@]}"
step "webapp vnet-integration remove" 0 'True' az webapp vnet-integration remove "${app[@]}"
step "webapp vnet-integration list, none" 0 'out == []' az webapp vnet-integration list "${app[@]}"
step "webapp identity remove" 0 'out["type"] == "SystemAssigned"' az webapp identity remove "${app[@]}" --identities "$identity_resource_id"

# A function app out of a container
step "storage account create" 0 "$succeeded" az storage account create --resource-group $g --name secureacrstore2021 --location $place --sku Standard_LRS
step "functionapp plan create" 0 'out["sku"]["name"] == "EP1"' az functionapp plan create --resource-group $g --name functions --location $place --sku EP1 --is-linux
step "functionapp create" 0 '"functionapp" in out["kind"]' \
  az functionapp create --resource-group $g --name secureacrfun2021 --plan functions --storage-account secureacrstore2021 --functions-version 4 --image secureacr2021.azurecr.io/privatewebsite:lnx-v1 --disable-app-insights
step "functionapp show" 0 'out["state"] == "Running"' az functionapp show --resource-group $g --name secureacrfun2021
step "functionapp delete" 0 'out == ""' az functionapp delete --resource-group $g --name secureacrfun2021
step "functionapp list, none" 0 'out == []' az functionapp list --resource-group $g

# A vault
step "keyvault create" 0 'out["properties"]["enableRbacAuthorization"] is False' \
  az keyvault create --resource-group $g --name secureacrkv2021 --location $place --enable-rbac-authorization false
step "keyvault list" 0 'names() == ["secureacrkv2021"]' az keyvault list --resource-group $g
step "keyvault set-policy" 0 'len(out["properties"]["accessPolicies"]) >= 1' \
  az keyvault set-policy --resource-group $g --name secureacrkv2021 --spn 33333333-3333-3333-3333-333333333333 --secret-permissions get list set delete recover purge
step "keyvault secret set" 0 'out["value"] == "hush"' az keyvault secret set --vault-name secureacrkv2021 --name word --value hush
step "keyvault secret show" 0 'out["value"] == "hush"' az keyvault secret show --vault-name secureacrkv2021 --name word
step "keyvault secret list" 0 'names() == ["word"]' az keyvault secret list --vault-name secureacrkv2021
step "keyvault secret delete" 0 'out["recoveryId"].endswith("/deletedsecrets/word")' az keyvault secret delete --vault-name secureacrkv2021 --name word
step "keyvault delete" 0 'out == ""' az keyvault delete --resource-group $g --name secureacrkv2021
step "keyvault list-deleted" 0 '"secureacrkv2021" in names()' az keyvault list-deleted
step "keyvault purge" 0 'out == ""' az keyvault purge --name secureacrkv2021 --location $place
step "keyvault list-deleted, none" 0 'out == []' az keyvault list-deleted

# A template
cat >"$work/template.json" <<'T'
{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
  "parameters": { "name": { "type": "string" } },
  "resources": [{ "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31",
    "name": "[parameters('name')]", "location": "[resourceGroup().location]" }],
  "outputs": { "id": { "type": "string", "value": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', parameters('name'))]" } } }
T
template=(--resource-group $g --template-file "$work/template.json" --parameters name=declared)
step "deployment group validate" 0 'out["properties"]["provisioningState"] == "Succeeded"' az deployment group validate "${template[@]}"
step "deployment group what-if" 0 'out["changes"][0]["changeType"] == "Create" or any(c["changeType"] == "Create" for c in out["changes"])' \
  az deployment group what-if "${template[@]}" --no-pretty-print
step "deployment group create" 0 'out["properties"]["outputs"]["id"]["value"].endswith("/declared")' az deployment group create --name first "${template[@]}"
step "deployment group show" 0 'out["properties"]["provisioningState"] == "Succeeded"' az deployment group show --resource-group $g --name first
step "deployment group list" 0 'names() == ["first"]' az deployment group list --resource-group $g
step "deployment operation list" 0 'len(out) >= 1' az deployment operation group list --resource-group $g --name first
step "deployment group delete" 0 'out == ""' az deployment group delete --resource-group $g --name first
step "deployment group list, none" 0 'out == []' az deployment group list --resource-group $g

# Tags and locks
step "tag create" 0 'out["properties"]["tags"] == {"team": "blue"}' az tag create --resource-id "$acr_resource_id" --tags team=blue
step "tag list" 0 'out["properties"]["tags"]["team"] == "blue"' az tag list --resource-id "$acr_resource_id"
step "tag update" 0 'out["properties"]["tags"] == {"team": "blue", "stage": "test"}' \
  az tag update --resource-id "$acr_resource_id" --operation Merge --tags stage=test
step "group update" 0 'out["tags"] == {"owner": "me"}' az group update --name $g --tags owner=me
step "resource update, vnet" 0 'out["tags"]["team"] == "blue"' \
  az resource update --resource-group $g --name secureacr-vnet --resource-type Microsoft.Network/virtualNetworks --set tags.team=blue
step "lock create" 0 'out["level"] == "CanNotDelete"' az lock create --name keep --lock-type CanNotDelete --resource-group $g
step "lock list" 0 'names() == ["keep"]' az lock list --resource-group $g
step "a locked identity stays" 1 '"ScopeLocked" in complaint' az identity delete --resource-group $g --name declared
step "lock delete" 0 'out == ""' az lock delete --name keep --resource-group $g
step "lock list, none" 0 'out == []' az lock list --resource-group $g
