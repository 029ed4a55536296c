//! The language that scenarios are written in, and that the fuzzer prints.
//!
//! ```text
//! | a v=1                    a resource `a` with an input; lines of one block are one program
//! | b from=$a  w=secret(x)   an input that is another resource's id, a secret one
//! | app/c n=$a.serial        declared in the component `app`; an output of `a` as input
//! | d:named @in(a) @protect  another type, a parent, options
//! | app @component @protect  a component with options; `app/inner @component` lies in it
//! | * @transform(t=1)        a transform of the stack
//! | x @scope(a)              declared in a scope that awaits an output of `a`
//! up                         runs the engine with the last program
//! up --target a              with flags; `preview --save` keeps the plan for `up --plan`
//! edit taint a               edits the state by hand
//!   plan: +a ~b              what it planned (in the first wave), by name
//!   waves: 2                 how many plans there were
//!   undecided: x             what the first plan leaves undecided
//!   calls: create a, create b
//!   told: create a           the ends of steps, as they were told
//!   fails: text              it ended with an error that contains the text
//!   finds: LZ0016            a plan has a finding
//!   why b: text              the cause chain of a step contains the text
//!   state: a b               what the state holds afterwards, by name
//!   secrets: a.w             outputs that the state holds as secrets
//!   exports: a               names of the recorded exports
//! cloud: set a.v=2           somebody else changes the cloud; also `gone a`, `make /x v=1`,
//!                            `rekey a a#9` (it has another id now)
//! fault: refuse create a     the next run meets a fault; also `lose`, `die before`, `die after`,
//!                            `hang` (done, never answered), `sick` (done, not healthy), `panic`
//! other: net a=1             another stack has these exports; inputs take `ref(net.a)`
//! ```

use std::collections::BTreeMap;

/// A value of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given {
    /// A text.
    Text(String),
    /// A secret text.
    Secret(String),
    /// The id of another resource.
    Id(String),
    /// An output of another resource.
    Output(String, String),
    /// The value is known only while the plan is carried out.
    Late(String),
    /// An export of another stack.
    Ref(String, String),
}

/// A declared resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Thing {
    /// Components above it, joined by `/`.
    pub(crate) component: String,
    pub(crate) name: String,
    /// `thing`, `named` or `dated`.
    pub(crate) ty: String,
    pub(crate) inputs: BTreeMap<String, Given>,
    /// Options in the order given, each with its argument.
    pub(crate) options: Vec<(String, String)>,
}

/// What happens in a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a scenario has a dozen of them, most of them runs"
)]
pub(crate) enum Line {
    /// From here on the program is this one.
    Program(Vec<Thing>),
    /// The engine runs.
    Run(Run),
    /// Somebody else changes the cloud.
    Cloud(String),
    /// The next run meets a fault: kind and call.
    Fault(String, String),
    /// Another stack has these exports.
    Other(String, Vec<(String, Given)>),
}

/// One run of the engine and what is expected of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Run {
    pub(crate) verb: String,
    pub(crate) flags: Vec<String>,
    pub(crate) plan: Option<Vec<String>>,
    pub(crate) waves: Option<usize>,
    pub(crate) undecided: Option<Vec<String>>,
    pub(crate) calls: Option<Vec<String>>,
    pub(crate) told: Option<Vec<String>>,
    pub(crate) fails: Option<String>,
    pub(crate) finds: Option<String>,
    /// By the name of a resource.
    pub(crate) why: BTreeMap<String, String>,
    pub(crate) state: Option<Vec<String>>,
    pub(crate) secrets: Option<Vec<String>>,
    pub(crate) exports: Option<Vec<String>>,
}

/// Reads a scenario; what cannot be read is a mistake of the scenario's author.
pub(crate) fn parse(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut in_program = false;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix('|') {
            if !in_program {
                lines.push(Line::Program(Vec::new()));
            }
            in_program = true;
            if let Some(Line::Program(things)) = lines.last_mut() {
                things.extend((!rest.trim().is_empty()).then(|| thing(rest.trim())));
            }
            continue;
        }
        in_program = false;
        match line.split_once(": ") {
            Some(("cloud", rest)) => lines.push(Line::Cloud(rest.to_owned())),
            Some(("fault", rest)) => {
                let (kind, call) = fault(rest);
                lines.push(Line::Fault(kind, call));
            }
            Some(("other", rest)) => lines.push(other(rest)),
            Some((what, rest)) => expect(lines.last_mut(), what, rest),
            None if line.ends_with(':') => expect(lines.last_mut(), line.trim_end_matches(':'), ""),
            None => lines.push(Line::Run(run(line))),
        }
    }
    lines
}

fn expect(last: Option<&mut Line>, what: &str, rest: &str) {
    let Some(Line::Run(run)) = last else {
        panic!("`{what}: {rest}` follows no run");
    };
    let words = || rest.split_whitespace().map(str::to_owned).collect();
    match what {
        "plan" => run.plan = Some(words()),
        "waves" => run.waves = Some(rest.trim().parse().expect("a number")),
        "undecided" => run.undecided = Some(words()),
        "state" => run.state = Some(words()),
        "secrets" => run.secrets = Some(words()),
        "exports" => run.exports = Some(words()),
        "fails" => run.fails = Some(rest.to_owned()),
        "finds" => run.finds = Some(rest.to_owned()),
        "calls" => run.calls = Some(calls(rest)),
        "told" => run.told = Some(calls(rest)),
        other => match other.strip_prefix("why ") {
            Some(name) => drop(run.why.insert(name.to_owned(), rest.to_owned())),
            None => panic!("unknown expectation {other:?}"),
        },
    }
}

/// `create a, create b`; `100 x create a` for many of one kind.
fn calls(text: &str) -> Vec<String> {
    let calls = text
        .split(',')
        .map(str::trim)
        .filter(|call| !call.is_empty());
    let many = calls.flat_map(|call| match call.split_once(" x ") {
        Some((count, call)) => vec![call.to_owned(); count.parse().expect("a number")],
        None => vec![call.to_owned()],
    });
    many.collect()
}

fn other(text: &str) -> Line {
    let mut words = text.split_whitespace();
    let name = words.next().expect("the name of a stack").to_owned();
    let exports = words.map(|word| {
        let (key, value) = word.split_once('=').expect("KEY=VALUE");
        (key.to_owned(), given(value))
    });
    Line::Other(name, exports.collect())
}

fn run(line: &str) -> Run {
    let mut words = line.split_whitespace().map(str::to_owned);
    let verb = words.next().unwrap_or_default();
    assert!(
        ["up", "preview", "destroy", "refresh", "edit"].contains(&verb.as_str()),
        "{line:?}"
    );
    Run {
        verb,
        flags: words.collect(),
        ..Run::default()
    }
}

fn fault(text: &str) -> (String, String) {
    for kind in [
        "refuse",
        "lose",
        "die before",
        "die after",
        "hang",
        "sick",
        "panic",
    ] {
        if let Some(call) = text.strip_prefix(kind) {
            return (kind.to_owned(), call.trim().to_owned());
        }
    }
    panic!("unknown fault {text:?}");
}

fn thing(line: &str) -> Thing {
    let mut words = line.split_whitespace();
    let full = words.next().unwrap_or_default();
    let (path, ty) = full.split_once(':').unwrap_or((full, "thing"));
    let (component, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut thing = Thing {
        component: component.to_owned(),
        name: name.to_owned(),
        ty: ty.to_owned(),
        ..Thing::default()
    };
    for word in words {
        if let Some(option) = word.strip_prefix('@') {
            let (option, argument) = option.split_once('(').unwrap_or((option, ")"));
            let argument = argument.strip_suffix(')').expect("a closing bracket");
            thing.options.push((option.to_owned(), argument.to_owned()));
        } else {
            let (key, value) = word.split_once('=').expect("KEY=VALUE");
            thing.inputs.insert(key.to_owned(), given(value));
        }
    }
    thing
}

pub(super) fn given(text: &str) -> Given {
    let inside = |mark: &str| {
        let inner = text.strip_prefix(mark)?.strip_prefix('(')?;
        inner.strip_suffix(')').map(str::to_owned)
    };
    if let Some(secret) = inside("secret") {
        return Given::Secret(secret);
    }
    if let Some(of) = inside("late") {
        return Given::Late(of);
    }
    if let Some(of) = inside("ref") {
        let (stack, export) = of.split_once('.').expect("STACK.EXPORT");
        return Given::Ref(stack.to_owned(), export.to_owned());
    }
    match text
        .strip_prefix('$')
        .map(|other| (other, other.split_once('.')))
    {
        Some((_, Some((other, output)))) => Given::Output(other.to_owned(), output.to_owned()),
        Some((other, None)) => Given::Id(other.to_owned()),
        None => Given::Text(text.to_owned()),
    }
}

impl std::fmt::Display for Thing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("| ")?;
        if !self.component.is_empty() {
            write!(f, "{}/", self.component)?;
        }
        f.write_str(&self.name)?;
        if self.ty != "thing" {
            write!(f, ":{}", self.ty)?;
        }
        for (key, value) in &self.inputs {
            match value {
                Given::Text(text) => write!(f, " {key}={text}")?,
                Given::Secret(text) => write!(f, " {key}=secret({text})")?,
                Given::Id(other) => write!(f, " {key}=${other}")?,
                Given::Output(other, output) => write!(f, " {key}=${other}.{output}")?,
                Given::Late(other) => write!(f, " {key}=late({other})")?,
                Given::Ref(stack, export) => write!(f, " {key}=ref({stack}.{export})")?,
            }
        }
        for (option, argument) in &self.options {
            match argument.as_str() {
                "" => write!(f, " @{option}")?,
                argument => write!(f, " @{option}({argument})")?,
            }
        }
        Ok(())
    }
}

#[test]
fn a_scenario_is_read_and_printed_back() {
    let text = "| app/b:named from=$a n=$a.serial w=secret(x) @protect @in(a)";
    let lines = parse(&format!(
        "{text}\nup --target a\n plan: +a ~b\n calls: create a, 2 x read b\n state:\n fault: die before create a"
    ));
    let Line::Program(things) = &lines[0] else {
        panic!("{lines:?}");
    };
    assert_eq!(things[0].to_string(), text);
    let Line::Run(run) = &lines[1] else {
        panic!("{lines:?}");
    };
    assert_eq!(run.flags, ["--target", "a"]);
    assert_eq!(
        run.calls.as_ref().unwrap(),
        &["create a", "read b", "read b"]
    );
    assert_eq!(run.state.as_ref().unwrap(), &[""; 0]);
    assert_eq!(
        lines[2],
        Line::Fault("die before".into(), "create a".into())
    );
}
