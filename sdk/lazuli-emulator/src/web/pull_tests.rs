use serde_json::json;

use super::super::fixture::*;
use super::*;
use crate::web::container::container_log;

type Change = fn(&World);

fn judge(world: &World) -> Pull {
    pull(world, &Site::get(world, &site_id()).expect("the site"))
}

fn set(world: &World, key: &str, value: Value) {
    change(world, &site_id(), |site| {
        site.private["appSettings"][key] = value
    });
}

/// Makes the site pull as the service principal of the test world.
fn use_principal(world: &World, role: &str) {
    let settings = world.settings().clone();
    configure(world, "acrUseManagedIdentityCreds", false);
    set(
        world,
        "DOCKER_REGISTRY_SERVER_URL",
        "https://secureacr2021.azurecr.io".into(),
    );
    set(
        world,
        "DOCKER_REGISTRY_SERVER_USERNAME",
        settings.client.into(),
    );
    set(
        world,
        "DOCKER_REGISTRY_SERVER_PASSWORD",
        settings.secret.into(),
    );
    if role == "AcrPull" {
        change(world, &role_id(), |role| {
            role.body["properties"]["principalId"] = settings.principal.into()
        });
    }
}

#[test]
fn the_finished_topology_pulls_privately() {
    let judged = judge(&article());
    assert!(judged.image.is_ok(), "{:?}", judged.image);
    assert!(
        judged.is_over_vnet && judged.hops.iter().all(|hop| hop.holds),
        "{:?}",
        judged.hops
    );
    let walked: Vec<&str> = judged.hops.iter().map(|hop| hop.what).collect();
    let expect = [
        "image name",
        "plan",
        "route",
        "name",
        "endpoint",
        "firewall",
        "identity",
        "role",
        "tag",
        "name",
        "endpoint",
        "firewall",
    ];
    assert_eq!(walked, expect);
}

#[test]
fn each_missing_link_is_named() {
    let cases: [(&str, Change, FailureKind, &str); 25] = [
        (
            "zone link",
            |w| drop(w.remove(&link_id())),
            FailureKind::Denied,
            "the name secureacr2021.azurecr.io resolves to the public address because no private DNS zone privatelink.azurecr.io linked to secureacr-vnet holds a record for it",
        ),
        (
            "zone group",
            |w| drop(w.remove(&record_id("secureacr2021"))),
            FailureKind::Unreachable,
            "the name secureacr2021.azurecr.io does not resolve because the private DNS zone privatelink.azurecr.io is linked to secureacr-vnet but holds no A record secureacr2021",
        ),
        (
            "data endpoint record",
            |w| drop(w.remove(&record_id("secureacr2021.westcentralus.data"))),
            FailureKind::Unreachable,
            "the name secureacr2021.westcentralus.data.azurecr.io does not resolve",
        ),
        (
            "endpoint",
            |w| drop(w.remove(&endpoint_id())),
            FailureKind::Denied,
            "resolves to the public address because secureacr2021 has no private endpoint",
        ),
        (
            "stale record",
            |w| {
                change(w, &record_id("secureacr2021"), |r| {
                    r.body["properties"]["aRecords"][0]["ipv4Address"] = "10.0.1.9".into()
                })
            },
            FailureKind::Unreachable,
            "resolves to 10.0.1.9, but no private endpoint of secureacr2021 has that address",
        ),
        (
            "approval",
            |w| {
                change(w, &endpoint_id(), |e| {
                    e.body["properties"]["privateLinkServiceConnections"][0]["properties"]["privateLinkServiceConnectionState"]
                        ["status"] = "Pending".into();
                })
            },
            FailureKind::Unreachable,
            "the connection of private endpoint secureacr-pe to secureacr2021 is Pending, not Approved",
        ),
        (
            "endpoint of another network",
            |w| {
                change(w, &endpoint_id(), |e| {
                    e.body["properties"]["subnet"]["id"] =
                        id("Microsoft.Network/virtualNetworks/other/subnets/a").into();
                })
            },
            FailureKind::Unreachable,
            "private endpoint secureacr-pe is in other, which secureacr-vnet is not peered with",
        ),
        (
            "VNet pull",
            |w| set(w, "WEBSITE_PULL_IMAGE_OVER_VNET", "false".into()),
            FailureKind::Denied,
            "registry secureacr2021 has public network access disabled, and the pull comes from 20.69.0.10",
        ),
        (
            "firewall",
            |w| {
                set(w, "WEBSITE_PULL_IMAGE_OVER_VNET", "false".into());
                change(w, &registry_id(), |r| {
                    r.body["properties"]["publicNetworkAccess"] = "Enabled".into()
                });
            },
            FailureKind::Denied,
            "registry secureacr2021 does not allow the app's outbound addresses",
        ),
        (
            "integration",
            |w| {
                change(w, &site_id(), |s| {
                    s.body["properties"]["virtualNetworkSubnetId"] = Value::Null
                })
            },
            FailureKind::Configuration,
            "(WEBSITE_PULL_IMAGE_OVER_VNET is true), but secureacrweb2021 has no VNet integration",
        ),
        (
            "plan tier",
            |w| {
                change(w, &id("Microsoft.Web/serverfarms/secureacrplan"), |p| {
                    p.body["sku"]["name"] = "F1".into()
                })
            },
            FailureKind::Configuration,
            "plan secureacrplan has SKU F1, which has no VNet integration",
        ),
        (
            "role",
            |w| drop(w.remove(&role_id())),
            FailureKind::Unauthorized,
            "principal aaaaaaaa-0000-0000-0000-000000000001 (system-assigned identity of secureacrweb2021) has no AcrPull on registry secureacr2021",
        ),
        (
            "repository permissions",
            |w| {
                change(w, &registry_id(), |r| {
                    r.body["properties"]["roleAssignmentMode"] = "AbacRepositoryPermissions".into()
                })
            },
            FailureKind::Unauthorized,
            "has no Container Registry Repository Reader on registry secureacr2021",
        ),
        (
            "identity",
            |w| change(w, &site_id(), |s| s.body["identity"] = Value::Null),
            FailureKind::Unauthorized,
            "secureacrweb2021 has no system-assigned identity",
        ),
        (
            "unattached user identity",
            |w| configure(w, "acrUserManagedIdentityID", "c1"),
            FailureKind::Unauthorized,
            "no identity with that client id is assigned to secureacrweb2021",
        ),
        (
            "resource id for client id",
            |w| configure(w, "acrUserManagedIdentityID", "/subscriptions/x"),
            FailureKind::Unauthorized,
            "it must be the identity's client id",
        ),
        (
            "ARM audience",
            |w| {
                change(w, &registry_id(), |r| {
                    r.body["properties"]["policies"]["azureADAuthenticationAsArmPolicy"]["status"] =
                        "disabled".into()
                })
            },
            FailureKind::Unauthorized,
            "azureADAuthenticationAsArmPolicy is disabled",
        ),
        (
            "tag",
            |w| {
                configure(
                    w,
                    "linuxFxVersion",
                    "DOCKER|secureacr2021.azurecr.io/privatewebsite:lnx-v9",
                )
            },
            FailureKind::NotFound,
            "tag lnx-v9 not found in repository privatewebsite of secureacr2021.azurecr.io; tags: lnx-v1, lnx-v2",
        ),
        (
            "credentials",
            |w| configure(w, "acrUseManagedIdentityCreds", false),
            FailureKind::Unauthorized,
            "acrUseManagedIdentityCreds is not true and DOCKER_REGISTRY_SERVER_USERNAME is not set",
        ),
        (
            "Windows container over the VNet",
            |w| {
                change(w, &site_id(), |s| {
                    s.body["properties"]["hyperV"] = true.into()
                });
                configure(
                    w,
                    "windowsFxVersion",
                    "DOCKER|secureacr2021.azurecr.io/privatewebsite:lnx-v1",
                );
            },
            FailureKind::Configuration,
            "secureacrweb2021 runs a Windows container, which the platform pulls from the internet only",
        ),
        (
            "registry that is somewhere else",
            |w| {
                configure(
                    w,
                    "linuxFxVersion",
                    "DOCKER|registry.example.com:5000/site:v1",
                )
            },
            FailureKind::Unreachable,
            "cannot reach registry.example.com:5000",
        ),
        (
            "registry that is not there",
            |w| configure(w, "linuxFxVersion", "DOCKER|nobody.azurecr.io/site:v1"),
            FailureKind::Unreachable,
            "cannot reach nobody.azurecr.io",
        ),
        (
            "secret that cannot be read",
            |w| {
                configure(w, "acrUseManagedIdentityCreds", false);
                set(
                    w,
                    "DOCKER_REGISTRY_SERVER_URL",
                    "https://secureacr2021.azurecr.io".into(),
                );
                set(w, "DOCKER_REGISTRY_SERVER_USERNAME", "secureacr2021".into());
                let reference = "@Microsoft.KeyVault(VaultName=kv1;SecretName=acr)";
                set(w, "DOCKER_REGISTRY_SERVER_PASSWORD", reference.into());
            },
            FailureKind::Unauthorized,
            "the app setting DOCKER_REGISTRY_SERVER_PASSWORD is a Key Vault reference with the status VaultNotFound: There is no key vault 'kv1'",
        ),
        (
            "service principal without a role",
            |w| use_principal(w, "none"),
            FailureKind::Unauthorized,
            "has no AcrPull on registry secureacr2021",
        ),
        (
            "scheme",
            |w| {
                configure(
                    w,
                    "linuxFxVersion",
                    "DOCKER|https://secureacr2021.azurecr.io/privatewebsite:lnx-v1",
                )
            },
            FailureKind::Configuration,
            "it must not start with https://",
        ),
    ];
    for (name, break_it, kind, cause) in cases {
        let world = article();
        break_it(&world);
        let judged = judge(&world);
        let failure = judged.image.expect_err(name);
        assert_eq!(failure.kind, kind, "{name}: {}", failure.cause);
        assert!(failure.cause.contains(cause), "{name}: {}", failure.cause);
        let last = judged.hops.last().expect("a hop");
        assert!(
            !last.holds && last.detail == failure.cause,
            "{name}: {last:?}"
        );
        let log = container_log(&world, &site_id());
        assert!(
            log.iter()
                .any(|line| line.contains(&format!("CAUSE - {}", failure.cause))),
            "{name}: {log:?}"
        );
    }
}

#[test]
fn other_ways_that_hold() {
    let cases: [(&str, Change); 7] = [
        ("site flag instead of the app setting", |w| {
            set(w, "WEBSITE_PULL_IMAGE_OVER_VNET", Value::Null);
            change(w, &site_id(), |s| {
                s.body["properties"]["vnetImagePullEnabled"] = true.into()
            });
        }),
        ("routing of the third generation", |w| {
            set(w, "WEBSITE_PULL_IMAGE_OVER_VNET", Value::Null);
            change(w, &site_id(), |s| {
                s.body["properties"]["outboundVnetRouting"] = json!({ "imagePullTraffic": true })
            });
        }),
        ("all traffic", |w| {
            set(w, "WEBSITE_PULL_IMAGE_OVER_VNET", "false".into());
            change(w, &site_id(), |s| {
                s.body["properties"]["outboundVnetRouting"] =
                    json!({ "allTraffic": true, "imagePullTraffic": false })
            });
        }),
        ("user-assigned identity", |w| {
            let identities =
                json!({ "/x/secureacr-identity": { "clientId": "c1", "principalId": PRINCIPAL } });
            change(
                w,
                &site_id(),
                |s| {
                    s.body["identity"] =
                        json!({ "type": "UserAssigned", "userAssignedIdentities": identities })
                },
            );
            configure(w, "acrUserManagedIdentityID", "C1");
        }),
        ("admin user", |w| {
            configure(w, "acrUseManagedIdentityCreds", false);
            change(w, &registry_id(), |r| {
                r.body["properties"]["adminUserEnabled"] = true.into()
            });
            set(
                w,
                "DOCKER_REGISTRY_SERVER_URL",
                "https://secureacr2021.azurecr.io".into(),
            );
            set(w, "DOCKER_REGISTRY_SERVER_USERNAME", "secureacr2021".into());
            set(
                w,
                "DOCKER_REGISTRY_SERVER_PASSWORD",
                "second-password".into(),
            );
        }),
        ("service principal", |w| use_principal(w, "AcrPull")),
        ("open registry, public way", |w| {
            set(w, "WEBSITE_PULL_IMAGE_OVER_VNET", "false".into());
            let rules = json!([{ "value": "20.69.0.0/24" }]);
            change(w, &registry_id(), |r| {
                r.body["properties"]["publicNetworkAccess"] = "Enabled".into();
                r.body["properties"]["networkRuleSet"]["ipRules"] = rules;
            });
        }),
    ];
    for (name, change_it) in cases {
        let world = article();
        change_it(&world);
        let judged = judge(&world);
        assert!(judged.image.is_ok(), "{name}: {:?}", judged.hops);
    }
}

/// The main container of `sitecontainers` names image and sign-in of its own.
#[test]
fn the_main_container_decides_when_there_are_several() {
    let cases: [(Value, Value, Result<(), &str>); 7] = [
        (json!({ "authType": "SystemIdentity" }), Value::Null, Ok(())),
        (
            json!({ "authType": "UserAssigned", "userManagedIdentityClientId": "c9" }),
            Value::Null,
            Err("no identity with that client id is assigned"),
        ),
        (
            json!({ "authType": "UserCredentials", "userName": "secureacr2021" }),
            json!("first-password"),
            Ok(()),
        ),
        (
            json!({ "authType": "UserCredentials", "userName": "secureacr2021" }),
            json!("REGISTRY_SECRET"),
            Ok(()),
        ),
        (
            json!({ "authType": "UserCredentials", "userName": "secureacr2021" }),
            json!("guessed-word"),
            Err("the main container's userName and passwordSecret are refused"),
        ),
        (
            json!({ "authType": "Anonymous" }),
            Value::Null,
            Err("its main container signs in anonymously"),
        ),
        (
            json!({ "isMain": false }),
            Value::Null,
            Err("none of its sitecontainers is the main one"),
        ),
    ];
    for (properties, secret, expect) in cases {
        let world = article();
        configure(&world, "linuxFxVersion", "sitecontainers");
        set(&world, "REGISTRY_SECRET", "second-password".into());
        change(&world, &registry_id(), |r| {
            r.body["properties"]["adminUserEnabled"] = true.into()
        });
        let mut all =
            json!({ "image": "secureacr2021.azurecr.io/privatewebsite:lnx-v1", "isMain": true });
        for (name, value) in properties.as_object().into_iter().flatten() {
            all[name] = value.clone();
        }
        put(
            &world,
            &format!("{}/sitecontainers/main", site_id()),
            json!({ "properties": all }),
            json!({ "passwordSecret": secret }),
        );
        let found = judge(&world).image.map(|_| ()).map_err(|why| why.cause);
        match (expect, found) {
            (Ok(()), found) => assert_eq!(found, Ok(()), "{properties}"),
            (Err(part), Err(cause)) => {
                assert!(
                    cause.contains(part) && !cause.contains("guessed-word"),
                    "{cause}"
                )
            }
            (Err(part), Ok(())) => panic!("{properties} should fail with {part}"),
        }
    }
}

#[test]
fn a_wrong_password_is_named_without_being_shown() {
    let world = article();
    configure(&world, "acrUseManagedIdentityCreds", false);
    set(
        &world,
        "DOCKER_REGISTRY_SERVER_URL",
        "https://secureacr2021.azurecr.io".into(),
    );
    set(
        &world,
        "DOCKER_REGISTRY_SERVER_USERNAME",
        "secureacr2021".into(),
    );
    set(
        &world,
        "DOCKER_REGISTRY_SERVER_PASSWORD",
        "guessed-word".into(),
    );
    let disabled = judge(&world).image.expect_err("not enabled").cause;
    assert!(
        disabled.contains("the admin user of registry secureacr2021 is not enabled"),
        "{disabled}"
    );
    change(&world, &registry_id(), |r| {
        r.body["properties"]["adminUserEnabled"] = true.into()
    });
    let wrong = judge(&world).image.expect_err("wrong").cause;
    assert!(
        wrong.contains("the password of the admin user of registry secureacr2021 is wrong")
            && !wrong.contains("guessed-word"),
        "{wrong}"
    );
}
