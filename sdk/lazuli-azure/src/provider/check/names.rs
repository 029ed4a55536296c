//! LZ1001: names, by type.

use super::Findings;

/// Length, characters and edges of a type's names (Azure's resource naming rules).
struct Rule {
    ty: &'static str,
    least: usize,
    most: usize,
    /// Characters beside ASCII letters and digits.
    marks: &'static str,
    /// Whether all letters and digits of Unicode are allowed.
    unicode: bool,
    /// Characters that a name cannot begin with, beside those that it cannot hold.
    not_first: &'static str,
    not_last: &'static str,
    said: &'static str,
}

const RULES: [Rule; 13] = [
    Rule {
        ty: "Microsoft.Resources/resourceGroups",
        least: 1,
        most: 90,
        marks: "_-().",
        unicode: true,
        not_first: "",
        not_last: ".",
        said: "letters, digits and `_ - ( ) .`, no period at the end",
    },
    network("Microsoft.Network/virtualNetworks", 2, 64),
    network("Microsoft.Network/virtualNetworks/subnets", 1, 80),
    network("Microsoft.Network/privateEndpoints", 2, 64),
    network(
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        1,
        80,
    ),
    network(
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        1,
        80,
    ),
    network("Microsoft.Network/networkSecurityGroups", 1, 80),
    Rule {
        ty: "Microsoft.Network/privateDnsZones",
        least: 1,
        most: 63,
        marks: "_-.",
        unicode: false,
        not_first: ".",
        not_last: ".",
        said: "labels of letters, digits, `_` and `-`, separated by periods",
    },
    Rule {
        ty: "Microsoft.ContainerRegistry/registries",
        least: 5,
        most: 50,
        marks: "",
        unicode: false,
        not_first: "",
        not_last: "",
        said: "letters and digits only",
    },
    Rule {
        ty: "Microsoft.Web/serverfarms",
        least: 1,
        most: 60,
        marks: "-_",
        unicode: true,
        not_first: "",
        not_last: "",
        said: "letters, digits, `-` and `_`",
    },
    Rule {
        ty: "Microsoft.Web/sites",
        least: 2,
        most: 60,
        marks: "-",
        unicode: false,
        not_first: "-",
        not_last: "-",
        said: "letters, digits and `-`, which is neither first nor last",
    },
    Rule {
        ty: "Microsoft.KeyVault/vaults",
        least: 3,
        most: 24,
        marks: "-",
        unicode: false,
        not_first: "-0123456789",
        not_last: "-",
        said: "letters, digits and `-`, beginning with a letter",
    },
    Rule {
        ty: "Microsoft.ManagedIdentity/userAssignedIdentities",
        least: 3,
        most: 128,
        marks: "-_",
        unicode: false,
        not_first: "-_",
        not_last: "",
        said: "letters, digits, `-` and `_`, beginning with a letter or digit",
    },
];

const fn network(ty: &'static str, least: usize, most: usize) -> Rule {
    Rule {
        ty,
        least,
        most,
        marks: "_.-",
        unicode: false,
        not_first: "_.-",
        not_last: ".-",
        said: "letters, digits and `_ . -`, beginning with a letter or digit and ending with one or `_`",
    }
}

pub(super) fn check(findings: &mut Findings<'_>) {
    let Some(rule) = RULES.iter().find(|rule| findings.is(rule.ty)) else {
        return;
    };
    let Some(name) = findings
        .desired
        .id
        .as_deref()
        .and_then(|id| id.rsplit('/').next())
    else {
        return;
    };
    let Some(why) = rule.breach(name) else { return };
    let (ty, least, most, said) = (rule.ty, rule.least, rule.most, rule.said);
    findings.error(
        "LZ1001",
        format!("`{name}` cannot be the name of a {ty}: {why}"),
        format!("choose a name of {least} to {most} characters: {said}; `.name(..)` gives another name in Azure than in the program"),
    );
}

impl Rule {
    fn breach(&self, name: &str) -> Option<String> {
        let length = name.chars().count();
        let allowed = |letter: char| {
            letter.is_ascii_alphanumeric()
                || self.marks.contains(letter)
                || (self.unicode && letter.is_alphanumeric())
        };
        if length < self.least || length > self.most {
            return Some(format!("it has {length} characters"));
        }
        if let Some(letter) = name.chars().find(|&letter| !allowed(letter)) {
            return Some(format!("`{letter}` is not allowed"));
        }
        if name.starts_with(|letter| self.not_first.contains(letter)) {
            return Some("its first character is not allowed there".to_owned());
        }
        if name.ends_with(|letter| self.not_last.contains(letter)) {
            return Some("its last character is not allowed there".to_owned());
        }
        self.labels(name)
    }

    /// A private DNS zone has 2 to 34 labels (Azure DNS limits).
    fn labels(&self, name: &str) -> Option<String> {
        let labels = name.split('.').count();
        let is_zone = self.ty.ends_with("/privateDnsZones");
        (is_zone && !(2..=34).contains(&labels))
            .then(|| format!("it has {labels} label(s), and a zone has 2 to 34"))
    }
}
