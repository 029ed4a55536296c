//! The api-versions that the provider list offers per type, newest stable first.
//!
//! From the published type definitions. Requests may use any well-formed version; clients such as
//! `az resource` take the first one of this list.

/// Prefixes of types and their versions; the longest prefix counts.
const VERSIONS: &[(&str, &[&str])] = &[
    (
        "Microsoft.Resources/",
        &[
            "2025-04-01",
            "2025-03-01",
            "2024-11-01",
            "2024-07-01",
            "2022-09-01",
            "2021-04-01",
        ],
    ),
    (
        "Microsoft.Network/",
        &[
            "2025-09-01",
            "2025-07-01",
            "2025-05-01",
            "2025-01-01",
            "2024-05-01",
            "2023-09-01",
            "2022-01-01",
        ],
    ),
    (
        "Microsoft.Network/privateDnsZones",
        &["2024-06-01", "2020-06-01", "2020-01-01", "2018-09-01"],
    ),
    (
        "Microsoft.ContainerRegistry/",
        &[
            "2025-11-01",
            "2025-04-01",
            "2023-07-01",
            "2022-12-01",
            "2021-09-01",
        ],
    ),
    (
        "Microsoft.ManagedIdentity/",
        &["2024-11-30", "2023-01-31", "2018-11-30"],
    ),
    ("Microsoft.Authorization/", &["2022-04-01", "2015-07-01"]),
    (
        "Microsoft.Authorization/locks",
        &["2020-05-01", "2017-04-01", "2016-09-01", "2015-01-01"],
    ),
    (
        "Microsoft.Web/",
        &[
            "2025-03-01",
            "2024-11-01",
            "2024-04-01",
            "2023-12-01",
            "2022-09-01",
            "2022-03-01",
        ],
    ),
    (
        "Microsoft.KeyVault/",
        &[
            "2026-02-01",
            "2025-05-01",
            "2024-11-01",
            "2023-07-01",
            "2023-02-01",
            "2022-07-01",
        ],
    ),
    (
        "Microsoft.Storage/",
        &[
            "2026-04-01",
            "2025-08-01",
            "2025-06-01",
            "2025-01-01",
            "2024-01-01",
            "2023-05-01",
        ],
    ),
];

/// For types that the table does not know.
const OTHERS: &[&str] = &["2024-11-01", "2023-12-01", "2022-09-01"];

/// The versions of a type in canonical casing.
pub(crate) fn of(kind: &str) -> &'static [&'static str] {
    VERSIONS
        .iter()
        .filter(|(prefix, _)| kind.starts_with(prefix))
        .max_by_key(|(prefix, _)| prefix.len())
        .map_or(OTHERS, |(_, versions)| *versions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_counts_and_the_newest_is_first() {
        let check =
            |kind: &str, expect: &str| assert_eq!(of(kind).first(), Some(&expect), "{kind}");
        check("Microsoft.Network/virtualNetworks/subnets", "2025-09-01");
        check("Microsoft.Network/privateDnsZones/A", "2024-06-01");
        check("Microsoft.Authorization/locks", "2020-05-01");
        for (prefix, versions) in VERSIONS {
            assert!(
                versions.is_sorted_by(|left, right| left > right),
                "{prefix}"
            );
        }
    }
}
