# A web app that pulls its image from a registry behind a private endpoint: every `az` command of the
# walkthrough, in its order. Only the caller's address differs, and docker, which is no part of the CLI:
# skopeo pushes in its place.
g=secureacrsetup
place=westcentralus
succeeded='out["provisioningState"] == "Succeeded"'

step "cloud register" 0 'True' az cloud register -n Lazuli --endpoint-resource-manager "$endpoint"
step "cloud set" 0 'True' az cloud set -n Lazuli
step "login" 0 'out[0]["state"] == "Enabled"' \
  az login --service-principal -u 33333333-3333-3333-3333-333333333333 -p mock-secret --tenant 11111111-1111-1111-1111-111111111111

# 1. The network
step "group create" 0 'out["properties"]["provisioningState"] == "Succeeded"' az group create --name $g --location $place
step "vnet create" 0 'out["newVNet"]["addressSpace"]["addressPrefixes"] == ["10.0.0.0/16"]' \
  az network vnet create --resource-group $g --location $place --name secureacr-vnet --address-prefixes 10.0.0.0/16
step "subnet for the app" 0 'out["delegations"][0]["serviceName"] == "Microsoft.Web/serverfarms"' \
  az network vnet subnet create --resource-group $g --vnet-name secureacr-vnet --name vnet-integration-subnet --address-prefixes 10.0.0.0/24 --delegations Microsoft.Web/serverfarms
step "subnet for endpoints" 0 'out["privateEndpointNetworkPolicies"] == "Disabled"' \
  az network vnet subnet create --resource-group $g --vnet-name secureacr-vnet --name private-endpoint-subnet --address-prefixes 10.0.1.0/24 --disable-private-endpoint-network-policies
step "private-dns zone create" 0 "$succeeded" az network private-dns zone create --resource-group $g --name privatelink.azurecr.io
step "private-dns link create" 0 'out["virtualNetworkLinkState"] == "Completed"' \
  az network private-dns link vnet create --resource-group $g --name acr-zonelink --zone-name privatelink.azurecr.io --virtual-network secureacr-vnet --registration-enabled false

# 2. The registry
step "acr create" 0 'out["loginServer"] == "secureacr2021.azurecr.io"' \
  az acr create --resource-group $g --name secureacr2021 --location $place --sku Premium
mkdir "$work/source"
cd "$work/source" || exit 1
printf 'FROM nginx\nCOPY index.html /usr/share/nginx/html\n' >Dockerfile
for version in 1 2; do
  echo "<h1>page $version</h1>" >index.html
  step "acr build v$version" 0 'True' az acr build --registry secureacr2021 --platform Linux --image privatewebsite:lnx-v$version .
done
if has_skopeo; then
  step "acr login" 0 'out["loginServer"] == "secureacr2021.azurecr.io" and out["accessToken"]' az acr login --name secureacr2021 --expose-token
  token=$(field accessToken)
  for version in 1 2; do
    step "skopeo copies v$version out of the registry" 0 'True' \
      skopeo copy --src-creds "00000000-0000-0000-0000-000000000000:$token" docker://secureacr2021.azurecr.io/privatewebsite:lnx-v$version oci:"$work/image":v$version
  done
fi
step "acr show" 0 'out.endswith("/registries/secureacr2021")' az acr show --name secureacr2021 --query id --output tsv
acr_resource_id=$(cat "$answer")
step "private-endpoint create" 0 "$succeeded"' and out["customDnsConfigs"] == [] or len(out["networkInterfaces"]) == 1' \
  az network private-endpoint create --resource-group $g --name secureacr-pe --location $place --connection-name secureacr-pc --private-connection-resource-id "$acr_resource_id" --group-id registry --vnet-name secureacr-vnet --subnet private-endpoint-subnet
step "dns-zone-group create" 0 'len(out["privateDnsZoneConfigs"][0]["recordSets"]) == 2' \
  az network private-endpoint dns-zone-group create --resource-group $g --endpoint-name secureacr-pe --name secureacr-zg --private-dns-zone privatelink.azurecr.io --zone-name privatelink.azurecr.io
step "acr update, nobody from outside" 0 'out["publicNetworkAccess"] == "Disabled"' \
  az acr update --resource-group $g --name secureacr2021 --public-network-enabled false
step "acr update, only who is named" 0 'out["networkRuleSet"]["defaultAction"] == "Deny"' \
  az acr update --resource-group $g --name secureacr2021 --public-network-enabled --default-action Deny
step "acr network-rule add" 0 'out["networkRuleSet"]["ipRules"][0]["ipAddressOrRange"] == "203.0.113.7"' \
  az acr network-rule add --resource-group $g --name secureacr2021 --ip-address 203.0.113.7

# 3. The app
step "appservice plan create" 0 'out["sku"]["name"] == "P1v3" and out["reserved"]' \
  az appservice plan create --resource-group $g --name secureacrplan --sku P1V3 --is-linux
step "webapp create" 0 'out["state"] == "Running"' \
  az webapp create --resource-group $g --plan secureacrplan --name secureacrweb2021 --deployment-container-image-name 'mcr.microsoft.com/appsvc/staticsite:latest'
step "webapp update" 0 'out["httpsOnly"]' az webapp update --resource-group $g --name secureacrweb2021 --https-only
step "webapp vnet-integration add" 0 '"vnet-integration-subnet" in str(out)' \
  az webapp vnet-integration add --resource-group $g --name secureacrweb2021 --vnet secureacr-vnet --subnet vnet-integration-subnet
step "webapp identity assign" 0 'out["type"] == "SystemAssigned" and out["principalId"]' \
  az webapp identity assign --resource-group $g --name secureacrweb2021 --scope "$acr_resource_id" --role AcrPull

# 4. The image
set_image() {
  az webapp config set --resource-group $g --name secureacrweb2021 --linux-fx-version "$1"
}
set_config() {
  az resource update --resource-group $g --name secureacrweb2021/config/web --set "$1" --resource-type 'Microsoft.Web/sites/config'
}
site=https://secureacrweb2021.azurewebsites.net/
step "appsettings set" 0 'any(s["name"] == "WEBSITE_PULL_IMAGE_OVER_VNET" for s in out)' \
  az webapp config appsettings set --resource-group $g --name secureacrweb2021 --settings 'WEBSITE_PULL_IMAGE_OVER_VNET=true'
step "config set v1" 0 'out["linuxFxVersion"].endswith("lnx-v1")' set_image 'DOCKER|secureacr2021.azurecr.io/privatewebsite:lnx-v1'
step "resource update, managed identity" 0 'out["properties"]["acrUseManagedIdentityCreds"] is True' \
  set_config properties.acrUseManagedIdentityCreds=true
step "the site serves v1" 0 '"page 1" in out' page "$site"

# With a user-assigned identity
step "identity create" 0 'out["principalId"]' az identity create --resource-group $g --name secureacr-identity
step "identity show" 0 'len(out) == 36' az identity show --resource-group $g --name secureacr-identity --query principalId --output tsv
identity_principal_id=$(cat "$answer")
step "role assignment create" 0 'out["principalType"] == "ServicePrincipal"' \
  az role assignment create --role "AcrPull" --assignee-object-id "$identity_principal_id" --scope "$acr_resource_id" --assignee-principal-type ServicePrincipal
step "identity show, id" 0 'out.endswith("secureacr-identity")' az identity show --resource-group $g --name secureacr-identity --query id --output tsv
identity_resource_id=$(cat "$answer")
step "webapp identity assign, one more" 0 '"UserAssigned" in out["type"]' \
  az webapp identity assign --resource-group $g --name secureacrweb2021 --identities "$identity_resource_id"
step "identity show, client" 0 'len(out) == 36' az identity show --resource-group $g --name secureacr-identity --query clientId --output tsv
step "resource update, which identity" 0 'out["properties"]["acrUserManagedIdentityID"]' \
  set_config "properties.acrUserManagedIdentityID=$(cat "$answer")"
step "resource update, managed identity again" 0 'out["properties"]["acrUseManagedIdentityCreds"] is True' \
  set_config properties.acrUseManagedIdentityCreds=true
step "config set v2" 0 'out["linuxFxVersion"].endswith("lnx-v2")' set_image 'DOCKER|secureacr2021.azurecr.io/privatewebsite:lnx-v2'
step "the site serves v2" 0 '"page 2" in out' page "$site"

# With the credentials of the registry
step "acr update, admin" 0 'out["adminUserEnabled"]' az acr update --resource-group $g --name secureacr2021 --admin-enabled
step "acr show, server" 0 'out == "secureacr2021.azurecr.io"' az acr show --name secureacr2021 --query loginServer --output tsv
step "acr credential show, user" 0 'out == "secureacr2021"' az acr credential show --name secureacr2021 --query username --output tsv
step "acr credential show, password" 0 'len(out) > 20' az acr credential show --name secureacr2021 --query passwords[0].value --output tsv
step "appsettings set, credentials" 0 'len(out) >= 4' \
  az webapp config appsettings set --resource-group $g --name secureacrweb2021 --settings DOCKER_REGISTRY_SERVER_URL=https://secureacr2021.azurecr.io DOCKER_REGISTRY_SERVER_USERNAME=secureacr2021 DOCKER_REGISTRY_SERVER_PASSWORD="$(cat "$answer")"
step "resource update, no managed identity" 0 'out["properties"]["acrUseManagedIdentityCreds"] is False' \
  set_config properties.acrUseManagedIdentityCreds=false
step "config set v1 again" 0 'out["linuxFxVersion"].endswith("lnx-v1")' set_image 'DOCKER|secureacr2021.azurecr.io/privatewebsite:lnx-v1'
step "the site serves v1 again" 0 '"page 1" in out' page "$site"

# With those of a service principal, and with these out of a vault
step "ad sp create-for-rbac" 0 'out["appId"] and out["password"]' az ad sp create-for-rbac --name puller --role AcrPull --scopes "$acr_resource_id"
principal=$(field appId) secret=$(field password)
step "appsettings set, a service principal" 0 'len(out) >= 4' \
  az webapp config appsettings set --resource-group $g --name secureacrweb2021 --settings DOCKER_REGISTRY_SERVER_URL=https://secureacr2021.azurecr.io DOCKER_REGISTRY_SERVER_USERNAME="$principal" DOCKER_REGISTRY_SERVER_PASSWORD="$secret"
step "config set, as a service principal" 0 'out["linuxFxVersion"].endswith("lnx-v2")' set_image "DOCKER|secureacr2021.azurecr.io/privatewebsite:lnx-v2"
step "the site serves what the service principal may pull" 0 '"page 2" in out' page "$site"
vault=secureacrcred2021
step "keyvault create, for the password" 0 'out["name"] == "secureacrcred2021"' az keyvault create --resource-group $g --name $vault --location $place --enable-rbac-authorization false
step "keyvault set-policy, for oneself" 0 'len(out["properties"]["accessPolicies"]) >= 1' \
  az keyvault set-policy --resource-group $g --name $vault --spn 33333333-3333-3333-3333-333333333333 --secret-permissions get list set delete
step "webapp identity show, principal" 0 'len(out) == 36' az webapp identity show --resource-group $g --name secureacrweb2021 --query principalId --output tsv
step "keyvault set-policy, for the app" 0 'len(out["properties"]["accessPolicies"]) >= 2' \
  az keyvault set-policy --resource-group $g --name $vault --object-id "$(cat "$answer")" --secret-permissions get
step "keyvault secret set, the password" 0 'out["id"]' az keyvault secret set --vault-name $vault --name pull --value "$secret"
step "appsettings set, a reference to the vault" 0 'any(s["name"] == "DOCKER_REGISTRY_SERVER_PASSWORD" for s in out)' \
  az webapp config appsettings set --resource-group $g --name secureacrweb2021 --settings DOCKER_REGISTRY_SERVER_PASSWORD="@Microsoft.KeyVault(VaultName=$vault;SecretName=pull)"
step "config set, with the secret of the vault" 0 'out["linuxFxVersion"].endswith("lnx-v1")' set_image "DOCKER|secureacr2021.azurecr.io/privatewebsite:lnx-v1"
step "the site serves what the secret opens" 0 '"page 1" in out' page "$site"
step "ad sp show" 0 'out["displayName"] == "puller"' az ad sp show --id "$principal"
step "role assignment delete, of the service principal" 0 'out == ""' az role assignment delete --assignee "$principal" --scope "$acr_resource_id" --role AcrPull
step "ad sp delete" 0 'out == ""' az ad sp delete --id "$principal"
step "keyvault delete, of the password" 0 'out == ""' az keyvault delete --resource-group $g --name $vault
step "keyvault purge, of the password" 0 'out == ""' az keyvault purge --name $vault --location $place

# From a registry of one's own, which is a web app itself
step "webapp create, a registry" 0 'out["state"] == "Running"' \
  az webapp create --resource-group $g --plan secureacrplan --name secureacrwebregistry2021 --deployment-container-image-name 'registry:2'
own=secureacrwebregistry2021.azurewebsites.net
if has_skopeo; then
  # What each version shows is exchanged, so that the page tells which registry it came from.
  step "skopeo pushes v1" 0 'True' skopeo copy oci:"$work/image":v2 docker://$own/customwebsite:lnx-v1
  step "skopeo pushes v2" 0 'True' skopeo copy oci:"$work/image":v1 docker://$own/customwebsite:lnx-v2
  step "skopeo lists what it pushed" 0 'out["Tags"] == ["lnx-v1", "lnx-v2"]' skopeo list-tags docker://$own/customwebsite
fi
step "private-dns zone create, sites" 0 "$succeeded" az network private-dns zone create --resource-group $g --name privatelink.azurewebsites.net
step "private-dns link create, sites" 0 'out["virtualNetworkLinkState"] == "Completed"' \
  az network private-dns link vnet create --resource-group $g --name websites-zonelink --zone-name privatelink.azurewebsites.net --virtual-network secureacr-vnet --registration-enabled false
step "webapp show, id" 0 'out.endswith("secureacrwebregistry2021")' az webapp show --resource-group $g --name secureacrwebregistry2021 --query id --output tsv
step "private-endpoint create, site" 0 "$succeeded" \
  az network private-endpoint create --resource-group $g --name securewebregistry-pe --location $place --connection-name securewebregistry-pc --private-connection-resource-id "$(cat "$answer")" --group-id sites --vnet-name secureacr-vnet --subnet private-endpoint-subnet
step "dns-zone-group create, site" 0 'len(out["privateDnsZoneConfigs"][0]["recordSets"]) == 2' \
  az network private-endpoint dns-zone-group create --resource-group $g --endpoint-name securewebregistry-pe --name securewebregistry-zg --private-dns-zone privatelink.azurewebsites.net --zone-name privatelink.azurewebsites.net
step "resource update, no managed identity again" 0 'out["properties"]["acrUseManagedIdentityCreds"] is False' \
  set_config properties.acrUseManagedIdentityCreds=false
step "config set, the other registry" 0 '"customwebsite" in out["linuxFxVersion"]' \
  set_image 'DOCKER|secureacrwebregistry2021.azurewebsites.net/customwebsite:lnx-v1'
if has_skopeo; then
  step "the site serves what was pushed" 0 '"page 2" in out' page "$site"
  step "config set, the other registry, v2" 0 '"customwebsite" in out["linuxFxVersion"]' set_image "DOCKER|$own/customwebsite:lnx-v2"
  step "the site serves what was pushed, v2" 0 '"page 1" in out' page "$site"
  step "nobody pushes from outside any more" 1 '"403" in complaint or "Forbidden" in complaint' skopeo copy oci:"$work/image":v1 docker://$own/customwebsite:lnx-v3
fi
