//! Modules of a crate do not import each other in large circles.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::imports::{self, Arrows};
use super::modules::{self, Module};
use super::{assert_tidy, tree};

/// Modules in the largest cycle of a crate.
const LARGEST: usize = 3;

/// Crates that may have a larger one. The list only gets shorter.
const LARGER: &[(&str, usize)] = &[
    ("lazuli-cli", 13),
    // Families of types that refer to each other.
    ("lazuli-emulator", 30),
];

/// The root files of all crates that are not tests, each with the name of its package.
fn crates() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for room in ["sdk", "examples"] {
        let entries = std::fs::read_dir(tree::top().join(room)).expect("the room can be read");
        found.extend(entries.map_while(Result::ok).map(|one| one.path()));
    }
    found.push(tree::top().join("components"));
    found.sort();
    let mut roots = Vec::new();
    for folder in found {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let files = ["lib.rs", "main.rs"].map(|file| folder.join("src").join(file));
        let there = files.into_iter().filter(|file| file.is_file());
        roots.extend(there.map(|file| (name.to_string(), file)));
    }
    roots
}

fn limit(name: &str) -> usize {
    let larger = LARGER.iter().find(|(known, _)| *known == name);
    larger.map_or(LARGEST, |(_, limit)| *limit)
}

/// A violation for each cycle of a crate that is too large.
fn too_large(name: &str, modules: &[Module]) -> Vec<String> {
    let arrows = imports::arrows(modules);
    let cycles = cycles(modules.len(), &arrows);
    let large = cycles.iter().filter(|one| one.len() > limit(name));
    large
        .map(|one| {
            format!(
                "{name}: {} modules import each other in a cycle, at most {} may. Move what two \
                 of them share below both, or cut one of these arrows:\n{}",
                one.len(),
                limit(name),
                describe(one, modules, &arrows)
            )
        })
        .collect()
}

/// The arrows inside of a cycle, one a line.
fn describe(cycle: &BTreeSet<usize>, modules: &[Module], arrows: &Arrows) -> String {
    let inside = arrows
        .iter()
        .filter(|((from, to), _)| cycle.contains(from) && cycle.contains(to));
    let lines = inside.map(|((from, to), names)| {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        format!(
            "    {} -> {}: {}",
            modules[*from].title(),
            modules[*to].title(),
            names.join(", ")
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The strongly connected components with more than one module, by Tarjan's algorithm.
fn cycles(count: usize, arrows: &Arrows) -> Vec<BTreeSet<usize>> {
    let mut targets = vec![Vec::new(); count];
    for (from, to) in arrows.keys() {
        targets[*from].push(*to);
    }
    let mut search = Tarjan {
        targets,
        index: vec![None; count],
        lowest: vec![0; count],
        stack: Vec::new(),
        next: 0,
        found: Vec::new(),
    };
    for node in 0..count {
        if search.index[node].is_none() {
            search.visit(node);
        }
    }
    search.found.retain(|one| one.len() > 1);
    search.found
}

struct Tarjan {
    targets: Vec<Vec<usize>>,
    index: Vec<Option<usize>>,
    lowest: Vec<usize>,
    stack: Vec<usize>,
    next: usize,
    found: Vec<BTreeSet<usize>>,
}

impl Tarjan {
    fn visit(&mut self, node: usize) {
        self.index[node] = Some(self.next);
        self.lowest[node] = self.next;
        self.next += 1;
        self.stack.push(node);
        for target in self.targets[node].clone() {
            match self.index[target] {
                None => {
                    self.visit(target);
                    self.lowest[node] = self.lowest[node].min(self.lowest[target]);
                }
                Some(index) if self.stack.contains(&target) => {
                    self.lowest[node] = self.lowest[node].min(index);
                }
                Some(_) => {}
            }
        }
        if self.index[node] == Some(self.lowest[node]) {
            let at = self.stack.iter().rposition(|one| *one == node);
            let component = self.stack.split_off(at.unwrap_or_default());
            self.found.push(component.into_iter().collect());
        }
    }
}

#[test]
fn modules_import_each_other_in_small_circles_only() {
    let mut found = Vec::new();
    let mut known = 0;
    for (name, root) in crates() {
        let modules = modules::of_crate(&root);
        known += modules.len();
        found.extend(too_large(&name, &modules));
    }
    assert!(known > 300, "only {known} modules were found");
    assert_tidy("cycles of modules", &found);
}

#[test]
fn the_list_of_larger_cycles_names_crates() {
    let crates = crates();
    for (known, limit) in LARGER {
        assert!(
            crates.iter().any(|(name, _)| name == known) && *limit > LARGEST,
            "{known} needs no place in tests/tidy/cycles.rs"
        );
    }
}

#[test]
fn arrows_lead_to_where_a_name_is_defined() {
    let check = |text: &str, expect: &[&str]| {
        let modules = modules::of_text(text);
        let arrows = imports::arrows(&modules);
        let title = |at: usize| modules[at].title();
        let found: Vec<_> = arrows
            .iter()
            .flat_map(|((from, to), names)| {
                names
                    .iter()
                    .map(|name| format!("{}>{}:{name}", title(*from), title(*to)))
            })
            .collect();
        assert_eq!(found, expect, "{text}");
    };
    check(
        "mod a { pub struct A; } mod b { use crate::a::A; }",
        &["b>a:A"],
    );
    check(
        "mod a { pub struct A; } pub use a::A; mod b { use super::A; }",
        &["b>a:A"],
    );
    check(
        "mod a { pub struct A; } pub use a::*; mod b { use crate::A; }",
        &["b>a:A"],
    );
    check("mod a { pub struct A; } use a::A;", &[]);
    check(
        "mod a { pub struct A; } mod b { pub use super::a::A; fn f(_: A) {} }",
        &["b>a:A"],
    );
    check("mod a { use super::f; } fn f() {}", &["a>crate:f"]);
    check(
        "mod a { pub fn f() {} } mod b { use super::a; fn g() { a::f(); } }",
        &["b>a:f"],
    );
    check(
        "mod a { pub fn f() {} } mod b { fn g() { use crate::a::f; } }",
        &["b>a:f"],
    );
    check(
        "mod a { pub fn f() {} } mod b { fn g() { say!(\"{}\", crate::a::f()); } }",
        &["b>a:f"],
    );
    check(
        "mod a { pub enum E { V } } mod b { use super::a::E; fn g() { E::V; } }",
        &["b>a:E"],
    );
    check("mod a { make!(A); } mod b { use super::a::A; }", &["b>a:A"]);
    check(
        "mod a { pub struct A; } mod b { pub use super::a::A; }",
        &[],
    );
    check(
        "mod a { pub struct A; } mod b { use super::a; use serde::A as S; }",
        &[],
    );
    check(
        "mod a { pub struct A; } mod b { #[cfg(test)] use super::a::A; }",
        &[],
    );
    check(
        "mod a { pub fn f() {} } mod b { fn f() {} fn g() { f(); x.f(); } }",
        &[],
    );
    check(
        "mod a { pub struct A; } mod b { pub mod c { use super::super::a::A; } }",
        &["b::c>a:A"],
    );
    check(
        "mod a { pub struct A; } mod b { use super::a::*; fn g() -> A { A } }",
        &["b>a:A"],
    );
}

#[test]
fn a_cycle_is_found_with_its_names() {
    let chain = |count: usize| {
        let module = |at: usize| {
            format!(
                "mod m{at} {{ pub struct S; use crate::m{}::S as T; }}",
                (at + 1) % count
            )
        };
        (0..count).map(module).collect::<String>()
    };
    let found = |name: &str, count: usize| too_large(name, &modules::of_text(&chain(count)));
    assert!(found("lazuli", LARGEST).is_empty());
    let large = found("lazuli", LARGEST + 1);
    assert_eq!(large.len(), 1);
    assert!(large[0].contains("m0 -> m1: S"), "{large:?}");
    let (larger, limit) = LARGER[0];
    assert!(found(larger, limit).is_empty());
    assert_eq!(found(larger, limit + 1).len(), 1);
}
