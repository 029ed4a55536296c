use super::*;

fn only(text: &str) -> Instruction {
    let parsed = parse(&format!("FROM scratch\n{text}")).expect(text);
    assert_eq!(parsed.len(), 2, "{text}");
    parsed[1].instruction.clone()
}

fn copy(sources: &[&str], destination: &str) -> Copy {
    let sources = sources.iter().map(|s| (*s).to_owned()).collect();
    Copy {
        sources,
        destination: destination.into(),
        from: None,
        mode: None,
        is_add: false,
    }
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

#[test]
fn instructions_are_read_in_every_form_of_the_reference() {
    use Instruction as I;
    let words = |list: &[&str]| list.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let cases = [
        (
            "COPY index.html /usr/share/nginx/html",
            I::Copy(copy(&["index.html"], "/usr/share/nginx/html")),
        ),
        ("copy [\"a b\", \"/c/\"]", I::Copy(copy(&["a b"], "/c/"))),
        (
            "ADD --chmod=755 a b /c/",
            I::Copy(Copy {
                mode: Some(0o755),
                is_add: true,
                ..copy(&["a", "b"], "/c/")
            }),
        ),
        (
            "COPY --from=build /out /",
            I::Copy(Copy {
                from: Some("build".into()),
                ..copy(&["/out"], "/")
            }),
        ),
        (
            "ENV A=1 B=\"two words\" C=x\\ y",
            I::Env(pairs(&[("A", "1"), ("B", "two words"), ("C", "x y")])),
        ),
        (
            "ENV OLD the rest of it",
            I::Env(pairs(&[("OLD", "the rest of it")])),
        ),
        ("LABEL a.b='c d'", I::Label(pairs(&[("a.b", "c d")]))),
        (
            "CMD [\"nginx\", \"-g\", \"daemon off;\"]",
            I::Cmd(words(&["nginx", "-g", "daemon off;"])),
        ),
        ("CMD echo hi", I::Cmd(words(&["/bin/sh", "-c", "echo hi"]))),
        ("EXPOSE 80 443/tcp", I::Expose(words(&["80", "443/tcp"]))),
        (
            "ARG VERSION=2",
            I::Arg {
                name: "VERSION".into(),
                default: Some("2".into()),
            },
        ),
        (
            "RUN apt-get update && \\\n  # why\n  apt-get install",
            I::NotModelled("RUN".into()),
        ),
    ];
    for (text, expect) in cases {
        assert_eq!(only(text), expect, "{text}");
    }
}

#[test]
fn errors_name_the_line_where_the_instruction_starts() {
    let cases = [
        ("FROM nginx\n\n# c\nFOO bar", 4, "unknown instruction: FOO"),
        (
            "FROM nginx\nCOPY \\\n  only",
            2,
            "COPY requires at least two arguments, but only one was provided",
        ),
        ("FROM a b", 1, "FROM requires either one or three arguments"),
        (
            "FROM nginx\nENV A=\"open",
            2,
            "unexpected end of statement while looking for matching \"",
        ),
        ("# nothing\n", 1, "file with no instructions"),
        (
            "ARG A=1\nCOPY a b",
            2,
            "no build stage in current context: the first instruction must be FROM",
        ),
        (
            "FROM nginx\nWORKDIR",
            2,
            "WORKDIR requires at least one argument",
        ),
    ];
    for (text, line, message) in cases {
        let error = parse(text).expect_err(text);
        assert_eq!((error.line, error.message.as_str()), (line, message));
    }
}

#[test]
fn variables_are_substituted() {
    let value = |name: &str| (name == "A").then(|| "1".to_owned());
    let cases = [
        ("$A/${A}x", "1/1x"),
        ("${B:-two}${A:-no}", "two1"),
        ("${A:+yes}${B:+no}", "yes"),
        ("\\$A costs $", "$A costs $"),
        ("$B.", "."),
        ("${open", "${open"),
    ];
    for (text, expect) in cases {
        assert_eq!(substitute(text, &value), expect, "{text}");
    }
}
