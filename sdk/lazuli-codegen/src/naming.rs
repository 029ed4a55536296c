//! From the schema's names to Rust's.

/// Words that the builders use themselves, or that Rust keeps.
const RESERVED: &[&str] = &[
    "name",
    "options",
    "depends_on",
    "maybe",
    "build",
    "property",
    "fields",
];
const KEYWORDS: &[&str] = &["type", "in", "ref", "use", "self", "match", "enum", "move"];

/// `a registry`, `an endpoint`: the article alone.
pub fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']) {
        "an"
    } else {
        "a"
    }
}

/// `acrUserManagedIdentityID` to `acr_user_managed_identity_id`.
pub fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (index, &letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(index + 1);
        let starts_word = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                !before.is_ascii_uppercase() || after.is_some_and(char::is_ascii_lowercase)
            });
        if starts_word && !text.ends_with('_') {
            text.push('_');
        }
        text.push(if letter.is_ascii_alphanumeric() {
            letter.to_ascii_lowercase()
        } else {
            '_'
        });
    }
    text
}

/// The name of a setter; reserved words get a suffix.
pub fn setter(name: &str) -> String {
    let name = snake(name);
    if RESERVED.contains(&name.as_str()) {
        format!("{name}_property")
    } else if KEYWORDS.contains(&name.as_str()) {
        format!("{name}_")
    } else {
        name
    }
}

/// `private_dns_zone` or `privateDnsZone` to `PrivateDnsZone`.
pub fn pascal(name: &str) -> String {
    let words = name
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words.map(capitalised).collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_ascii_uppercase().to_string() + letters.as_str()
    })
}

/// The variant of a value: `P1v3` to `P1V3`, `1.2` to `V1_2`, `*` to `Any`.
pub fn variant(value: &str) -> String {
    if value == "*" {
        return "Any".to_owned();
    }
    if value.starts_with(|letter: char| letter.is_ascii_digit()) {
        let rest = value.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
        return format!("V{rest}");
    }
    let mut name = String::new();
    let mut after_digit = false;
    for letter in pascal(value).chars() {
        name.push(if after_digit {
            letter.to_ascii_uppercase()
        } else {
            letter
        });
        after_digit = letter.is_ascii_digit();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_rust() {
        for (schema, rust) in [
            ("httpsOnly", "https_only"),
            ("acrUserManagedIdentityID", "acr_user_managed_identity_id"),
            ("use32BitWorkerProcess", "use32_bit_worker_process"),
            ("hyperV", "hyper_v"),
            ("instanceMemoryMB", "instance_memory_mb"),
        ] {
            assert_eq!(snake(schema), rust);
        }
        assert_eq!(setter("name"), "name_property");
        assert_eq!(setter("type"), "type_");
        assert_eq!(pascal("public network-access"), "PublicNetworkAccess");
    }

    #[test]
    fn variants_are_identifiers() {
        for (value, rust) in [
            ("P1v3", "P1V3"),
            ("1.2", "V1_2"),
            ("SystemAssigned, UserAssigned", "SystemAssignedUserAssigned"),
            ("enabled", "Enabled"),
            ("*", "Any"),
        ] {
            assert_eq!(variant(value), rust);
        }
    }
}
