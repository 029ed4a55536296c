//! `$filter` of lists, as far as providers share it.

/// `field eq 'value'` terms of an OData filter, joined by `and`; field names in lower case.
pub(crate) fn terms(filter: &str) -> Vec<(String, String)> {
    let terms = filter
        .split(" and ")
        .filter_map(|term| term.split_once(" eq "));
    terms
        .map(|(field, value)| {
            (
                field.trim().to_lowercase(),
                value.trim().trim_matches('\'').to_owned(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        let check = |text: &str, expect: &[(&str, &str)]| {
            let expect: Vec<_> = expect
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect();
            assert_eq!(terms(text), expect);
        };
        check("resourceType eq 'A/b'", &[("resourcetype", "A/b")]);
        check(
            "resourceType eq 'A/b' and name eq 'x'",
            &[("resourcetype", "A/b"), ("name", "x")],
        );
        check("", &[]);
    }
}
