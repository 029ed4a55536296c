# Taking it apart, and what must refuse. Sourced by run.sh.
step "subnet in use" 1 '"InUseSubnetCannotBeDeleted" in complaint' az network vnet subnet delete --resource-group $g --vnet-name secureacr-vnet --name private-endpoint-subnet
step "zone with links" 1 '"CannotDeleteResource" in complaint or "nested" in complaint' az network private-dns zone delete --resource-group $g --name privatelink.azurecr.io --yes
step "not there" 3 '"ResourceNotFound" in complaint' az network vnet show --resource-group $g --name nowhere
step "resource delete" 0 'out == ""' az resource delete --resource-group $g --name declared --resource-type Microsoft.ManagedIdentity/userAssignedIdentities
step "role assignment delete" 0 'out == ""' az role assignment delete --assignee "$identity_principal_id" --scope "$acr_resource_id" --role AcrPull
step "webapp delete" 0 'out == ""' az webapp delete --resource-group $g --name secureacrwebregistry2021 --keep-empty-plan
step "dns-zone-group delete" 0 'out == ""' az network private-endpoint dns-zone-group delete --resource-group $g --endpoint-name securewebregistry-pe --name securewebregistry-zg
step "private-endpoint delete" 0 'out == ""' az network private-endpoint delete --resource-group $g --name securewebregistry-pe
step "private-dns link delete" 0 'out == ""' az network private-dns link vnet delete --resource-group $g --zone-name privatelink.azurewebsites.net --name websites-zonelink --yes
step "private-dns zone delete" 0 'out == ""' az network private-dns zone delete --resource-group $g --name privatelink.azurewebsites.net --yes
step "identity delete" 0 'out == ""' az identity delete --resource-group $g --name secureacr-identity
step "webapp delete, the last of its plan" 0 'out == ""' az webapp delete "${app[@]}"
step "acr delete" 0 'out == ""' az acr delete --resource-group $g --name secureacr2021 --yes
step "group delete" 0 'out == ""' az group delete --name $g --yes
step "group exists, no more" 0 'out is False' az group exists --name $g
