//! ARM request paths: decoding, and what a path names.
//!
//! Clients write paths in many ways: fixed words in any casing, doubled slashes, `%2F` between a
//! resource and its child (`az resource update` does all three in one request). All of them must
//! name the same resource.

/// The type of resource groups, which have an address of their own kind.
pub(crate) const GROUP: &str = "Microsoft.Resources/resourceGroups";

/// Percent-decoded path segments without the empty ones. `None` when the path is not valid UTF-8.
pub(crate) fn segments(path: &str) -> Option<Vec<String>> {
    let decoded = decode(path)?;
    Some(
        decoded
            .split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect(),
    )
}

/// Decodes `%XX`; an incomplete escape stays as it is.
pub(crate) fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes
            .get(at + 1..at + 3)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        match digits.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if bytes[at] == b'%' => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).ok()
}

/// Who knows the casing of resource types. The paths of clients have any.
pub(crate) trait TypeNames {
    /// A type in canonical casing; the unknown tail of an unknown type stays as it is.
    fn canonical(&self, kind: &str) -> String;
}

/// A path below some scope: `{scope}/providers/{namespace}/{type}/{name}/…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// What stands before the last `providers`: a subscription, a group, a resource, or nothing.
    pub(crate) scope: String,
    /// Canonical casing where the type is known.
    pub(crate) kind: String,
    pub(crate) names: Vec<String>,
    /// A collection (GET) or an action (POST): the word after the last name.
    pub(crate) word: Option<String>,
}

impl Target {
    /// Reads the segments of a path that holds `providers`.
    pub(crate) fn parse(segments: &[String], types: &impl TypeNames) -> Option<Target> {
        let at = segments
            .iter()
            .rposition(|part| part.eq_ignore_ascii_case("providers"))?;
        let namespace = segments.get(at + 1)?;
        let mut kind = namespace.clone();
        let mut names = Vec::new();
        let mut rest = segments[at + 2..].iter();
        let mut word = None;
        while let Some(part) = rest.next() {
            match rest.next() {
                Some(name) => {
                    kind = format!("{kind}/{part}");
                    names.push(name.clone());
                }
                None => word = Some(part.clone()),
            }
        }
        Some(Target {
            scope: canonical_scope(&segments[..at], types),
            kind: types.canonical(&kind),
            names,
            word,
        })
    }

    /// The id of the named resource; for a collection the id of its parent.
    pub(crate) fn id(&self) -> String {
        let mut id = format!("{}/providers/{}", self.scope, self.namespace());
        for (kind, name) in self.kind.split('/').skip(1).zip(&self.names) {
            id = format!("{id}/{kind}/{name}");
        }
        id
    }

    pub(crate) fn namespace(&self) -> &str {
        self.kind.split('/').next().unwrap_or_default()
    }

    pub(crate) fn name(&self) -> &str {
        self.names.last().map(String::as_str).unwrap_or_default()
    }

    /// The type of the collection's members, when the target is a collection.
    pub(crate) fn member_kind(&self, types: &impl TypeNames) -> Option<String> {
        self.word
            .as_ref()
            .map(|word| types.canonical(&format!("{}/{word}", self.kind)))
    }

    /// The id of the resource around this one, when it is a nested one.
    pub(crate) fn parent_id(&self) -> Option<String> {
        (self.names.len() > 1).then(|| parent(&self.id()).to_owned())
    }

    pub(crate) fn group(&self) -> Option<&str> {
        group_of(&self.scope)
    }
}

/// Fixed words in canonical casing, names as supplied.
fn canonical_scope(segments: &[String], types: &impl TypeNames) -> String {
    if let Some(inner) = segments
        .iter()
        .any(|s| s.eq_ignore_ascii_case("providers"))
        .then(|| Target::parse(segments, types))
    {
        return inner.map(|target| target.id()).unwrap_or_default();
    }
    let mut scope = String::new();
    for part in segments {
        let word = match part.to_ascii_lowercase().as_str() {
            "subscriptions" => "subscriptions",
            "resourcegroups" => "resourceGroups",
            _ => part,
        };
        scope = format!("{scope}/{word}");
    }
    scope
}

/// `/…/type/name` without its last two segments.
pub(crate) fn parent(id: &str) -> &str {
    let cut = |text: &'_ str| text.rfind('/').unwrap_or(0);
    let type_end = cut(id);
    &id[..cut(&id[..type_end])]
}

/// The segment after `resourceGroups`.
pub(crate) fn group_of(id: &str) -> Option<&str> {
    let mut parts = id
        .split('/')
        .skip_while(|part| !part.eq_ignore_ascii_case("resourceGroups"));
    parts.next()?;
    parts.next().filter(|name| !name.is_empty())
}

/// `/subscriptions/S/resourceGroups/G` of an id below it, in the id's casing.
pub(crate) fn group_id(id: &str) -> Option<String> {
    let mut parts = id.split('/').skip(1);
    let (word, subscription, groups, group) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let fits =
        word.eq_ignore_ascii_case("subscriptions") && groups.eq_ignore_ascii_case("resourceGroups");
    fits.then(|| format!("/subscriptions/{subscription}/resourceGroups/{group}"))
}

/// The last segment.
pub(crate) fn name_of(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or_default()
}

/// An id brought to canonical casing of its fixed words, as it would be stored.
pub(crate) fn normalise(id: &str, types: &impl TypeNames) -> String {
    let segments: Vec<String> = id
        .split('/')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    match Target::parse(&segments, types) {
        Some(target) if target.word.is_none() => target.id(),
        _ => canonical_scope(&segments, types),
    }
}

/// A location as ARM compares it: `West US 2` is `westus2`.
pub(crate) fn location_key(location: &str) -> String {
    location
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known;

    impl TypeNames for Known {
        fn canonical(&self, kind: &str) -> String {
            let known = [
                "Microsoft.Web/sites/config",
                "Microsoft.Authorization/roleAssignments",
            ];
            let found = known
                .into_iter()
                .find(|name| name.eq_ignore_ascii_case(kind));
            found.unwrap_or(kind).to_owned()
        }
    }

    fn target(path: &str) -> Option<(String, String, Option<String>)> {
        let target = Target::parse(&segments(path)?, &Known)?;
        Some((target.id(), target.kind.clone(), target.word.clone()))
    }

    #[test]
    fn paths_name_the_same_resource_however_written() {
        let web = "/subscriptions/S/resourceGroups/g/providers/Microsoft.Web/sites/x/config/web";
        let kind = "Microsoft.Web/sites/config";
        for path in [
            web,
            "/subscriptions/S/resourcegroups/g/providers/Microsoft.Web//sites/x%2Fconfig%2Fweb",
            "//SUBSCRIPTIONS/S/ResourceGroups/g/PROVIDERS/microsoft.web/SITES/x/Config/web",
        ] {
            assert_eq!(
                target(path),
                Some((web.into(), kind.into(), None)),
                "{path}"
            );
        }
    }

    #[test]
    fn collections_actions_and_extensions() {
        let check = |path: &str, id: &str, kind: &str, word: Option<&str>| {
            assert_eq!(
                target(path),
                Some((id.into(), kind.into(), word.map(str::to_owned))),
                "{path}"
            );
        };
        let group = "/subscriptions/s/resourceGroups/g";
        check(
            &format!("{group}/providers/Microsoft.Network/virtualNetworks"),
            &format!("{group}/providers/Microsoft.Network"),
            "Microsoft.Network",
            Some("virtualNetworks"),
        );
        let registry = format!("{group}/providers/Microsoft.ContainerRegistry/registries/r");
        check(
            &format!("{registry}/listCredentials"),
            &registry,
            "Microsoft.ContainerRegistry/registries",
            Some("listCredentials"),
        );
        check(
            &format!("{registry}/providers/microsoft.authorization/roleassignments/a"),
            &format!("{registry}/providers/Microsoft.Authorization/roleAssignments/a"),
            "Microsoft.Authorization/roleAssignments",
            None,
        );
    }

    #[test]
    fn pieces_of_ids() {
        let id = "/subscriptions/s/resourcegroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/a";
        assert_eq!(group_of(id), Some("g"));
        assert_eq!(
            group_id(id).as_deref(),
            Some("/subscriptions/s/resourceGroups/g")
        );
        assert_eq!(
            parent(id),
            "/subscriptions/s/resourcegroups/g/providers/Microsoft.Network/virtualNetworks/v"
        );
        assert_eq!(group_of("/subscriptions/s"), None);
        assert_eq!(location_key("West US 2"), "westus2");
        assert_eq!(decode("a%2Fb%zz%4"), Some("a/b%zz%4".into()));
        assert_eq!(decode("%ff"), None);
    }
}
