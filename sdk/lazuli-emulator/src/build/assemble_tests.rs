use super::*;
use crate::build::dockerfile::parse;

fn context() -> Tree {
    let files = [
        ("index.html", "<h1>v1</h1>"),
        ("css/site.css", "body{}"),
        ("css/deep/a.css", "a{}"),
        ("one.txt", "1"),
        ("two.txt", "2"),
    ];
    files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), Node::file(*text)))
        .collect()
}

#[test]
fn add_unpacks_an_archive_and_copy_does_not() {
    let packed = pack(&context()).expect("packs").bytes;
    let context = Tree::from([
        ("site.bin".to_owned(), Node::file(packed)),
        ("one.txt".to_owned(), Node::file("1")),
    ]);
    let check = |instruction: &str, expect: &[&str]| {
        let text = format!("FROM scratch\n{instruction}");
        let (image, _) = build_over(&context, &text, &[], None);
        assert_eq!(last_layer(&image.expect(&text)), expect, "{text}");
    };
    check(
        "ADD site.bin /srv",
        &[
            "srv/css/deep/a.css",
            "srv/css/site.css",
            "srv/index.html",
            "srv/one.txt",
            "srv/two.txt",
        ],
    );
    check("COPY site.bin /srv/", &["srv/site.bin"]);
    check("ADD one.txt /srv/", &["srv/one.txt"]);
}

fn build_with(
    text: &str,
    arguments: &[(&str, &str)],
    target: Option<&str>,
) -> (Result<Image, String>, Vec<String>) {
    build_over(&context(), text, arguments, target)
}

fn build_over(
    context: &Tree,
    text: &str,
    arguments: &[(&str, &str)],
    target: Option<&str>,
) -> (Result<Image, String>, Vec<String>) {
    let instructions = parse(text).expect("a Dockerfile");
    let arguments = arguments
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    let base = |name: &str| base_images::find("docker.io", &format!("library/{name}"), "latest");
    let build = Build {
        instructions: &instructions,
        context,
        arguments: &arguments,
        base: &base,
        target,
    };
    let mut log = Log::default();
    (assemble(&build, &mut log), log.lines)
}

fn files(text: &str) -> Vec<String> {
    let (image, _) = build_with(text, &[], None);
    last_layer(&image.expect(text))
}

/// The files of the last layer.
fn last_layer(image: &Image) -> Vec<String> {
    let layer = image.layers.last().expect("a layer").clone();
    let only = Image {
        config: json!({}),
        layers: vec![layer],
    };
    let tree = only.tree().expect("tree");
    tree.into_iter()
        .filter(|(_, node)| matches!(node, Node::File { .. }))
        .map(|(path, _)| path)
        .collect()
}

#[test]
fn copy_puts_files_where_docker_puts_them() {
    let cases: [(&str, &[&str]); 9] = [
        (
            "FROM nginx\nCOPY index.html /usr/share/nginx/html",
            &["usr/share/nginx/html/index.html"],
        ),
        (
            "FROM nginx\nCOPY index.html /srv/start.html",
            &["srv/start.html"],
        ),
        ("FROM scratch\nCOPY index.html /srv/", &["srv/index.html"]),
        (
            "FROM scratch\nCOPY css /srv",
            &["srv/deep/a.css", "srv/site.css"],
        ),
        (
            "FROM scratch\nCOPY *.txt /srv/",
            &["srv/one.txt", "srv/two.txt"],
        ),
        (
            "FROM scratch\nWORKDIR /app\nWORKDIR sub\nCOPY one.txt .",
            &["app/sub/one.txt"],
        ),
        (
            "FROM scratch\nCOPY . /x",
            &[
                "x/css/deep/a.css",
                "x/css/site.css",
                "x/index.html",
                "x/one.txt",
                "x/two.txt",
            ],
        ),
        (
            "FROM scratch AS first\nCOPY one.txt /out/\nFROM nginx\nCOPY --from=first /out/one.txt /usr/share/nginx/html/",
            &["usr/share/nginx/html/one.txt"],
        ),
        ("FROM nginx\nCOPY --from=0 /etc/nginx /copy", &[]),
    ];
    for (text, expect) in cases {
        if expect.is_empty() {
            assert!(build_with(text, &[], None).0.is_err(), "{text}");
        } else {
            assert_eq!(files(text), expect, "{text}");
        }
    }
}

#[test]
fn settings_go_into_the_configuration() {
    let text = "ARG BASE=nginx\nFROM $BASE\nARG V=1\nENV A=$V B=${V}x PATH=/bin\nLABEL v=$V\nEXPOSE 8080\n\
                WORKDIR /srv\nUSER www\nENTRYPOINT [\"serve\"]\nCMD [\"-v\"]";
    let (image, log) = build_with(text, &[("V", "7")], None);
    let config = image.expect("builds").config["config"].clone();
    assert_eq!(
        config["Env"],
        json!(["PATH=/bin", "NGINX_VERSION=1.29.3", "A=7", "B=7x"])
    );
    assert_eq!(config["Labels"], json!({ "v": "7" }));
    assert_eq!(
        config["ExposedPorts"],
        json!({ "80/tcp": {}, "8080/tcp": {} })
    );
    assert_eq!(
        (&config["WorkingDir"], &config["User"]),
        (&json!("/srv"), &json!("www"))
    );
    assert_eq!(
        (&config["Entrypoint"], &config["Cmd"]),
        (&json!(["serve"]), &json!(["-v"]))
    );
    assert_eq!(
        log.first().map(String::as_str),
        Some("Step 1/10 : ARG BASE=nginx")
    );
    assert!(
        log.last()
            .is_some_and(|line| line.starts_with("Successfully built ")),
        "{log:?}"
    );
}

#[test]
fn what_cannot_be_built_says_why() {
    let cases = [
        (
            "FROM nginx\nCOPY absent.html /srv/",
            "line 2: COPY failed: file not found in build context or excluded by .dockerignore: stat absent.html: file does not exist",
        ),
        ("FROM nginx\n\nRUN make", "line 3: RUN is not modelled"),
        (
            "FROM mysql",
            "the emulator holds no image docker.io/library/mysql",
        ),
        (
            "FROM scratch\nCOPY *.txt /srv",
            "the destination must be a directory",
        ),
        (
            "FROM scratch\nCOPY ../secret /",
            "forbidden path outside the build context",
        ),
        ("FROM scratch\nEXPOSE http", "invalid containerPort: http"),
        (
            "FROM scratch\nADD https://example.com/x /x",
            "the emulator has no network",
        ),
    ];
    for (text, expect) in cases {
        let reason = build_with(text, &[], None).0.expect_err(text);
        assert!(reason.contains(expect), "{text}: {reason}");
    }
}

#[test]
fn a_target_stops_the_build_at_its_stage() {
    let text = "FROM nginx AS one\nCOPY one.txt /srv/\nFROM nginx AS two\nCOPY two.txt /srv/";
    let image = build_with(text, &[], Some("one")).0.expect("builds");
    let tree = image.tree().expect("tree");
    assert!(tree.contains_key("srv/one.txt") && !tree.contains_key("srv/two.txt"));
    let reason = build_with(text, &[], Some("three"))
        .0
        .expect_err("no such stage");
    assert!(reason.contains("build target three"), "{reason}");
}

#[test]
fn the_same_input_gives_the_same_image() {
    let text = "FROM nginx\nCOPY . /usr/share/nginx/html";
    let ids: Vec<_> = (0..2)
        .map(|_| build_with(text, &[], None).0.expect("builds").id())
        .collect();
    assert_eq!(ids[0], ids[1]);
}
