//! The model of a picture, and the forms that it is written in.

use lazuli_core::{
    Category, Declared, NodeStyle, Proof, ProofStep, SourceLocation, Status, Urn, Value,
};
use lazuli_engine::{Member, MemberResource, Op, Plan, Step, Topology};

use super::model::{Displayed, Fate};
use super::*;

/// A member under a parent; those whose type ends in `Component` are components.
fn member(parent: Option<usize>, ty: &str, path: &str, name: &str, depends_on: &[usize]) -> Member {
    let urn = Urn::new("dev", "p", path, ty, name);
    let mut inputs = Value::map();
    if let Value::Map(map) = &mut inputs {
        map.insert("name".to_owned(), Value::from(name));
        map.insert("password".to_owned(), Value::from("hunter2").into_secret());
        map.insert(
            "key".to_owned(),
            Value::Unknown(["group: key".to_owned()].into()),
        );
    }
    Member {
        parent,
        depends_on: depends_on.to_vec(),
        location: Some(SourceLocation {
            file: "src/main.rs".into(),
            line: 10,
        }),
        resource: (!ty.ends_with("Component")).then(|| MemberResource {
            provider: "cloud".into(),
            desired: Declared {
                urn: urn.clone(),
                id: Some(format!("/id/{name}")),
                inputs,
                timeout: None,
            },
            existing: false,
        }),
        urn,
    }
}

/// A group; in it a network with a subnet, and a component with an app and a plan,
/// and a registry that a component of one resource makes.
fn topology() -> Topology {
    Topology {
        members: vec![
            member(None, "t:group", "", "group", &[]),
            member(Some(0), "t:network", "group", "network", &[0]),
            member(Some(1), "t:subnet", "group/network", "subnet", &[1]),
            member(Some(0), "lib:WebComponent", "group", "web", &[]),
            member(Some(3), "t:plan", "group/web", "plan", &[0]),
            member(Some(3), "t:app", "group/web", "app", &[0, 1, 2, 4, 6]),
            member(Some(7), "t:registry", "group/store", "registry", &[0]),
            member(Some(0), "lib:StoreComponent", "group", "store", &[]),
        ],
    }
}

fn step(question: &'static str, status: Status, on: Option<usize>, is_passed: bool) -> ProofStep {
    ProofStep {
        question,
        status,
        detail: format!("the {question}"),
        code: status.is_bad().then_some("T1"),
        fix: None,
        at: None,
        on: on.map(|at| topology().members[at].urn.clone()),
        is_passed,
    }
}

/// Looks of the six resources: the subnet is a box, the way leads through it.
fn displayed(dns: Status) -> Displayed {
    let positions = vec![0, 1, 2, 4, 5, 6];
    let looks = positions.iter().map(|at| NodeStyle {
        is_room: *at == 2,
        category: if *at == 5 {
            Category::Compute
        } else {
            Category::Plain
        },
        caption: if *at == 2 {
            "10.0.0.0/24".into()
        } else {
            String::new()
        },
        ..NodeStyle::default()
    });
    let members = topology().members;
    let proof = Proof {
        urn: members[5].urn.clone(),
        location: members[5].location.clone().unwrap(),
        claim: "pulls image:v1".into(),
        target: Some(members[6].urn.clone()),
        steps: vec![
            step("plan", Status::Holds, Some(4), false),
            step("subnet", Status::Holds, Some(2), true),
            step("dns", dns, None, false),
            step("content", Status::NotApplicable, None, false),
        ],
    };
    Displayed {
        looks: looks.collect(),
        positions,
        proofs: vec![proof],
    }
}

fn picture(dns: Status) -> Picture {
    let mut picture = Picture::new(&topology(), &[displayed(dns)], None);
    picture.title = "p".into();
    picture.subtitle = "stack dev".into();
    picture
}

fn names(picture: &Picture, at: usize) -> &str {
    &picture.nodes[at].name
}

#[test]
fn components_of_several_things_are_boxes_and_others_are_tags() {
    let picture = picture(Status::Holds);
    let lines = picture.nodes.iter().map(|node| {
        let within = node.parent.map_or("-", |at| names(&picture, at));
        format!(
            "{} in {within}{}",
            node.name,
            node.tags
                .iter()
                .map(|tag| format!(" <{tag}>"))
                .collect::<String>()
        )
    });
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "group in -",
            "network in group",
            "subnet in network",
            "plan in web",
            "app in web",
            "registry in group <StoreComponent store>",
            "web in group",
        ]
    );
}

#[test]
fn only_what_nothing_else_shows_is_an_edge() {
    let picture = picture(Status::Holds);
    let edges = picture
        .edges
        .iter()
        .map(|edge| (names(&picture, edge.from), names(&picture, edge.to)));
    // Not the group and the network around it, nor the subnet that the way leads through.
    assert_eq!(
        edges.collect::<Vec<_>>(),
        [("app", "plan"), ("app", "registry")]
    );
}

#[test]
fn a_break_marks_the_part_that_leads_to_the_next_stop() {
    let parts = |dns| {
        let picture = picture(dns);
        let parts = picture.ways[0].parts.iter();
        let parts = parts.map(|part| {
            let (from, to) = (names(&picture, part.from), names(&picture, part.to));
            format!(
                "{from} {to} {} {}",
                part.state.as_str(),
                part.code.unwrap_or("-")
            )
        });
        parts.collect::<Vec<_>>()
    };
    assert_eq!(
        parts(Status::Holds),
        ["app subnet holds -", "subnet registry holds -"]
    );
    assert_eq!(
        parts(Status::Broken),
        ["app subnet holds -", "subnet registry broken T1"]
    );
}

#[test]
fn a_plan_gives_signs_and_what_it_deletes_is_shown() {
    let step = |path: &str, name: &str, op| Step {
        urn: Urn::new(
            "dev",
            "p",
            path,
            if name == "old" { "t:old" } else { "t:app" },
            name,
        ),
        op,
        id: None,
        location: None,
        changes: Vec::new(),
        reasons: Vec::new(),
        inputs: Value::Null,
        pending: Vec::new().into(),
        after: Vec::new(),
    };
    let plan = Plan {
        steps: vec![
            step("group/web", "app", Op::Update),
            step("group", "old", Op::Delete),
        ],
        unchanged: vec![Urn::new("dev", "p", "", "t:group", "group")],
        ..Plan::default()
    };
    let picture = Picture::new(&topology(), &[displayed(Status::Holds)], Some(&plan));
    let fate = |name: &str| {
        let node = picture.nodes.iter().find(|node| node.name == name).unwrap();
        (node.fate, node.parent.map(|at| names(&picture, at)))
    };
    assert_eq!(fate("app"), (Fate::Update, Some("web")));
    assert_eq!(fate("old"), (Fate::Delete, Some("group")));
    assert_eq!(fate("group").0, Fate::Same);
    assert!(!picture.is_new);
}

/// A provider that says nonsense gets a picture all the same.
#[test]
fn boxes_that_would_be_in_each_other_are_not() {
    let looks = vec![
        NodeStyle {
            within: Some(1),
            ..NodeStyle::default()
        },
        NodeStyle {
            within: Some(0),
            ..NodeStyle::default()
        },
        NodeStyle {
            within: Some(99),
            ..NodeStyle::default()
        },
    ];
    let displayed = Displayed {
        positions: vec![0, 1, 2],
        looks,
        proofs: Vec::new(),
    };
    let picture = Picture::new(&topology(), &[displayed], None);
    for form in [Format::Svg, Format::Html, Format::Mermaid, Format::Dot] {
        assert!(form.write(&picture).contains("subnet"));
    }
}

#[test]
fn the_text_forms_say_the_same() {
    insta::assert_snapshot!("mermaid", Format::Mermaid.write(&picture(Status::Broken)));
    insta::assert_snapshot!("dot", Format::Dot.write(&picture(Status::Broken)));
}

#[test]
fn secrets_and_unknowns_are_marks_in_every_form() {
    let picture = picture(Status::Holds);
    for form in [Format::Svg, Format::Html, Format::Mermaid, Format::Dot] {
        assert!(!form.write(&picture).contains("hunter2"));
    }
    let json = data(&picture).to_string();
    assert!(
        json.contains("(secret)") && json.contains("known after group: key"),
        "{json}"
    );
    assert!(!json.contains("hunter2"));
}

/// What names and messages may hold at worst.
const HOSTILE: &str = "</text></script><script>alert(1)</script>\"'&]]>--\\n;#`{}|end";

#[test]
fn hostile_names_stay_text() {
    let mut members = topology().members;
    members[5] = member(Some(3), HOSTILE, "group/web", HOSTILE, &[4]);
    let mut displayed = displayed(Status::Broken);
    displayed.proofs[0].urn = members[5].urn.clone();
    displayed.proofs[0].claim = HOSTILE.into();
    displayed.proofs[0].steps[2].detail = HOSTILE.into();
    displayed.proofs[0].steps[2].code = Some(HOSTILE);
    displayed.looks[4].caption = HOSTILE.into();
    let mut picture = Picture::new(&Topology { members }, &[displayed], None);
    (picture.title, picture.subtitle) = (HOSTILE.into(), HOSTILE.into());
    picture.notes.push(HOSTILE.into());

    let svg = Format::Svg.write(&picture);
    assert!(!svg.contains("<script"), "{svg}");
    balanced(&svg);
    let html = Format::Html.write(&picture);
    // Its own two, and no more.
    assert_eq!(html.matches("<script").count(), 2);
    assert_eq!(html.matches("</script").count(), 2);
    let begin = html.find("application/json\">").unwrap() + "application/json\">".len();
    let end = begin + html[begin..].find("</script>").unwrap();
    let json: serde_json::Value = serde_json::from_str(&html[begin..end]).unwrap();
    assert_eq!(json["nodes"][4]["name"], HOSTILE);

    // Quotes are quoted: every line of a text form has as many bare ones as it began with.
    for line in Format::Mermaid
        .write(&picture)
        .lines()
        .filter(|line| !line.starts_with("%%"))
    {
        assert_eq!(line.matches('"').count() % 2, 0, "{line}");
        assert!(
            !line.contains("<script") && line.matches('"').count() <= 2,
            "{line}"
        );
    }
    for line in Format::Dot.write(&picture).lines() {
        let bare = line.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(bare.matches('"').count() % 2, 0, "{line}");
    }
}

/// Every tag of an XML text is closed in its turn.
#[track_caller]
fn balanced(xml: &str) {
    let mut open = Vec::new();
    for part in xml.split('<').skip(1) {
        let (tag, _) = part.split_once('>').expect("a tag ends");
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/'])
            .next()
            .unwrap_or_default();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn the_picture_is_whole_and_names_everything() {
    let picture = picture(Status::Broken);
    let svg = Format::Svg.write(&picture);
    balanced(&svg);
    for name in [
        "group",
        "network",
        "subnet",
        "web",
        "plan",
        "app",
        "registry",
        "T1",
        "src/main.rs:10",
    ] {
        assert!(svg.contains(name), "{name} is not in {svg}");
    }
    assert!(svg.contains("line way broken"));
    // Nothing is fetched from anywhere.
    for form in [Format::Svg, Format::Html] {
        let text = form
            .write(&picture)
            .replace("http://www.w3.org/2000/svg", "");
        assert!(
            !text.contains("http:") && !text.contains("https:") && !text.contains("src="),
            "{text}"
        );
    }
}

#[test]
fn the_file_says_the_form() {
    let form = |name: &str| Format::of_file(std::path::Path::new(name));
    assert_eq!(form("a/b.SVG"), Some(Format::Svg));
    assert_eq!(form("b.html"), Some(Format::Html));
    assert_eq!(form("b.mmd"), Some(Format::Mermaid));
    assert_eq!(form("b.gv"), Some(Format::Dot));
    assert_eq!(form("b.png"), None);
}
