//! Hand-made plans, events and endings for the renderers' tests.

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lazuli_core::{Diagnostic, SourceLocation, Urn, Value};
use lazuli_engine::plan::{PlannedExport, Undecided};
use lazuli_engine::{
    Because, Change, ChangeKind, Event, Failure, Op, Operation, Pending, Plan, Reason, Step,
    Summary,
};
use serde_json::json;

use super::{Paint, Scene};
use crate::screen::Screen;

/// In every sample that may hold one; in no text.
pub(crate) const SECRET: &str = "hunter2";

/// What was written to a screen.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    pub(crate) fn read(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(crate) fn screen() -> (Screen, Written) {
    let written = Written::default();
    (Screen::new(written.clone(), false), written)
}

pub(crate) fn scene(operation: Operation) -> Scene {
    Scene {
        operation,
        project: "site".into(),
        stack: "dev".into(),
        target: "the embedded Azure".into(),
        hints: Vec::new(),
        invocation: "cargo run --".into(),
        folder: PathBuf::from("/nowhere"),
        details: false,
        paint: Paint::new(false),
        width: 100,
    }
}

pub(crate) fn urn(path: &str, ty: &str, name: &str) -> Urn {
    Urn::new("dev", "site", path, ty, name)
}

fn group() -> Urn {
    urn("", "Microsoft.Resources/resourceGroups", "rg")
}

fn plan_urn() -> Urn {
    urn("rg", "Microsoft.Web/serverfarms", "plan")
}

pub(crate) fn app() -> Urn {
    urn("rg/web", "Microsoft.Web/sites", "app")
}

fn role() -> Urn {
    urn(
        "rg/web",
        "Microsoft.Authorization/roleAssignments",
        "app-pulls",
    )
}

fn step(urn: Urn, op: Op, line: u32) -> Step {
    let id = format!("/subscriptions/s/{}", urn.name());
    Step {
        urn,
        op,
        id: Some(id),
        location: Some(SourceLocation {
            file: "src/main.rs".into(),
            line,
        }),
        changes: Vec::new(),
        reasons: Vec::new(),
        inputs: Value::Null,
        pending: [].into(),
        after: Vec::new(),
    }
}

fn change(path: &str, kind: ChangeKind, old: Value, new: Value, replaces: bool) -> Change {
    Change {
        path: path.into(),
        kind,
        old,
        new,
        replaces,
    }
}

/// A new image for an app that exists.
pub(crate) fn update() -> Plan {
    let image = |tag: &str| {
        Value::from(format!(
            "DOCKER|secureacr2021.azurecr.io/privatewebsite:lnx-{tag}"
        ))
    };
    let mut app = step(app(), Op::Update, 42);
    app.changes = vec![
        change(
            "properties.siteConfig.linuxFxVersion",
            ChangeKind::Changed,
            image("v1"),
            image("v2"),
            false,
        ),
        change(
            "properties.password",
            ChangeKind::Changed,
            secret(),
            secret(),
            false,
        ),
        change(
            "tags.old",
            ChangeKind::Removed,
            Value::from("x"),
            Value::Null,
            false,
        ),
    ];
    Plan {
        wave: 1,
        serial: 7,
        steps: vec![app],
        unchanged: vec![group(), plan_urn()],
        exports: vec![export("url", Value::from("https://app.azurewebsites.net"))],
        ..Plan::default()
    }
}

fn secret() -> Value {
    Value::from(SECRET).into_secret()
}

fn export(name: &str, value: Value) -> PlannedExport {
    PlannedExport {
        name: name.into(),
        value,
    }
}

fn unknown() -> Value {
    Value::Unknown(["rg/web/app: identity.principalId".to_owned()].into())
}

/// Everything is new; the role waits for the app's identity.
pub(crate) fn first() -> Plan {
    let mut group = step(group(), Op::Create, 10);
    group.inputs = Value::from(json!({"location": "westcentralus", "tags": {"env": "dev"}}));
    let mut app = step(app(), Op::Create, 42);
    app.after = vec![0];
    app.inputs = Value::Map(
        [
            ("password".to_owned(), secret()),
            ("httpsOnly".to_owned(), Value::from(true)),
        ]
        .into(),
    );
    let mut role = step(role(), Op::Create, 50);
    role.inputs = Value::Map([("principalId".to_owned(), unknown())].into());
    role.pending = [Pending {
        path: "principalId".into(),
        waits_for: ["rg/web/app: identity.principalId".into()].into(),
    }]
    .into();
    role.after = vec![1];
    Plan {
        wave: 1,
        steps: vec![group, app, role],
        findings: vec![
            Diagnostic::warning("LZ3001", "the app is open to the internet").on(&self::app()),
        ],
        exports: vec![
            export("url", Value::from("https://app.azurewebsites.net")),
            export("principal", unknown()),
            export("password", secret()),
        ],
        ..Plan::default()
    }
}

/// A replacement, a delete, and what is not decided yet.
pub(crate) fn mixed() -> Plan {
    let mut delete = step(plan_urn(), Op::DeleteReplaced, 30);
    delete.after = vec![0];
    let mut create = step(plan_urn(), Op::CreateReplacement, 30);
    create.changes = vec![
        change(
            "location",
            ChangeKind::Changed,
            Value::from("westeurope"),
            Value::from("northeurope"),
            true,
        ),
        change(
            "sku.capacity",
            ChangeKind::Added,
            Value::Null,
            Value::from(2_i64),
            false,
        ),
        change(
            "owner",
            ChangeKind::Changed,
            Value::from("ann"),
            unknown(),
            false,
        ),
    ];
    create.pending = [Pending {
        path: "owner".into(),
        waits_for: ["rg/web/app: identity.principalId".into()].into(),
    }]
    .into();
    create.reasons = vec![Reason {
        path: Some("owner".into()),
        because: Because::From(app()),
    }];
    create.after = vec![1];
    Plan {
        wave: 2,
        serial: 9,
        steps: vec![step(role(), Op::Delete, 50), delete, create],
        unchanged: vec![group(), app()],
        undecided: vec![Undecided {
            urn: urn("rg/late", "t", "x"),
            waits_for: vec!["scope late".into()],
        }],
        more_after: vec!["rg/web/app: identity.principalId".into()],
        assumed: true,
        ..Plan::default()
    }
}

pub(crate) fn finding() -> Diagnostic {
    Diagnostic::error("LZ2001", "the app cannot pull its image: no DNS zone `privatelink.azurecr.io` is linked to its network")
        .on(&app())
        .at(SourceLocation { file: "src/main.rs".into(), line: 42 })
        .help("link the zone to the network with `PrivateDnsLink`")
}

pub(crate) fn failure() -> Failure {
    Failure {
        urn: app(),
        op: Op::Create,
        location: Some(SourceLocation {
            file: "src/main.rs".into(),
            line: 42,
        }),
        kind: lazuli_core::ProviderErrorKind::Refused,
        code: Some("Conflict".into()),
        message: "a site of that name exists (request 6f1c)\nin another subscription".into(),
        help: Some("choose another name".into()),
        left: Some("nothing is recorded for it".into()),
    }
}

/// One event of each kind but plans.
pub(crate) fn events() -> Vec<Event> {
    vec![
        Event::WaitingForProgram {
            what: vec!["main at src/main.rs:12".into()],
        },
        Event::Settled {
            urn: group(),
            op: Op::Create,
            found: "it exists".into(),
        },
        Event::StepStarted {
            urn: app(),
            op: Op::Update,
        },
        Event::StepStatus {
            urn: app(),
            text: "restarting".into(),
        },
        Event::StepDone {
            urn: app(),
            op: Op::Update,
            id: "/app".into(),
            duration: Duration::from_millis(1_250),
        },
        Event::StepUnchanged { urn: plan_urn() },
        Event::StepFailed {
            failure: failure(),
            duration: Duration::from_millis(80),
        },
        Event::StepSkipped {
            urn: role(),
            op: Op::Create,
            reason: "rg/web/app failed".into(),
        },
        Event::Stopping,
        Event::Note(finding()),
    ]
}

pub(crate) fn summary() -> Summary {
    Summary {
        created: 3,
        updated: 1,
        unchanged: 2,
        waves: 1,
        duration: Duration::from_millis(61_500),
        exports: vec![
            ("url".into(), Value::from("https://app.azurewebsites.net")),
            ("password".into(), secret()),
        ],
        durations: vec![
            (group(), Op::Create, Duration::from_millis(900)),
            (plan_urn(), Op::Create, Duration::from_millis(12_340)),
            (app(), Op::Update, Duration::from_millis(45_600)),
            (role(), Op::Create, Duration::from_millis(3_000)),
        ],
        ..Summary::default()
    }
}
