//! Checks of networks and subnets.

use ipnet::IpNet;

use super::Findings;

/// The ranges of a network.
pub(crate) fn address_space(findings: &mut Findings<'_>) {
    ranges(findings, "properties.addressSpace.addressPrefixes");
}

/// LZ1005.
fn ranges(findings: &mut Findings<'_>, path: &str) -> Vec<IpNet> {
    let mut good = Vec::new();
    for text in findings.texts(path).collect::<Vec<_>>() {
        good.extend(range(findings, path, text));
    }
    good
}

fn range(findings: &mut Findings<'_>, path: &str, text: &str) -> Option<IpNet> {
    let Ok(range) = text.parse::<IpNet>() else {
        let message = format!("`{path}` holds `{text}`, which is not an address range");
        findings.error(
            "LZ1005",
            message,
            "write address and length of the mask, for example `10.0.0.0/16`",
        );
        return None;
    };
    let whole = range.trunc();
    if whole != range {
        let message = format!("`{path}` holds `{text}`, which has bits set behind its mask");
        findings.error("LZ1005", message, format!("write `{whole}`"));
        return None;
    }
    Some(range)
}

/// LZ1005 and LZ1006. Azure keeps 5 addresses of a subnet for itself.
pub(crate) fn subnet(findings: &mut Findings<'_>) {
    let mut all = ranges(findings, "properties.addressPrefixes");
    if let Some(text) = findings.text("properties.addressPrefix") {
        all.extend(range(findings, "properties.addressPrefix", text));
    }
    for range in all {
        let fits = match range {
            IpNet::V4(range) => (2..=29).contains(&range.prefix_len()),
            IpNet::V6(range) => range.prefix_len() == 64,
        };
        if !fits {
            let message =
                format!("the subnet's range `{range}` has a size that Azure does not take");
            findings.error(
                "LZ1006",
                message,
                "an IPv4 subnet is /29 at least, an IPv6 subnet exactly /64",
            );
        }
    }
}
