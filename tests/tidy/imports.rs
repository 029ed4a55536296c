//! Which module of a crate uses names of which other one, re-exports resolved to where a name is
//! defined.
//!
//! An arrow from module A to module B means that A imports or mentions a name that B defines,
//! wherever A found it. None are:
//! - what a module takes from modules below it: a module is made of its children, and puts
//!   them together. What a child takes from its parent is an arrow;
//! - a re-export (`pub use child::Name`), unless the module's own code uses the name;
//! - the import of a module: the names taken out of it are.
//!
//! Calls of methods, and impls of a type in another module, are not seen.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{GLOB, Import, Module};

/// The names that the module of the first index takes from that of the second.
pub(super) type Arrows = BTreeMap<(usize, usize), BTreeSet<String>>;

/// All arrows between these modules of one crate.
pub(super) fn arrows(modules: &[Module]) -> Arrows {
    let names = Names::new(modules);
    let mut found = Arrows::new();
    for (from, module) in modules.iter().enumerate() {
        let mut take = |target: &[String]| {
            if let Some(Meaning::Item(to, name)) =
                names.resolve(from, target, &mut Search::default())
                && !modules[to].path.starts_with(&module.path)
            {
                found.entry((from, to)).or_default().insert(name);
            }
        };
        let own = module.imports.iter().filter(|one| !one.is_reexport);
        own.for_each(|one| take(&one.target));
        module.mentions.iter().for_each(|path| take(path));
    }
    found
}

/// What a path leads to.
enum Meaning {
    Module(usize),
    /// A name, and the module that defines it.
    Item(usize, String),
}

#[derive(Default)]
struct Search {
    /// Imports that are being followed, as some lead to themselves.
    open: Vec<(usize, String)>,
    /// Whether a glob is followed, which need not bring the name.
    tries: bool,
}

struct Names<'a> {
    modules: &'a [Module],
    by_path: BTreeMap<&'a [String], usize>,
}

impl<'a> Names<'a> {
    fn new(modules: &'a [Module]) -> Self {
        let by_path = modules.iter().enumerate();
        Self {
            modules,
            by_path: by_path.map(|(at, one)| (&one.path[..], at)).collect(),
        }
    }

    /// What `path` means in a module. `None` for what comes from another crate.
    fn resolve(&self, from: usize, path: &[String], search: &mut Search) -> Option<Meaning> {
        let (head, rest) = path.split_first()?;
        match head.as_str() {
            "crate" => self.below(0, rest, search),
            "self" => self.below(from, rest, search),
            "super" => {
                let own = &self.modules[from].path;
                let parent = *self.by_path.get(&own[..own.len().checked_sub(1)?])?;
                if rest.first().is_some_and(|next| next == "super") {
                    self.resolve(parent, rest, search)
                } else {
                    self.below(parent, rest, search)
                }
            }
            _ => self.step(from, head, rest, search),
        }
    }

    /// `rest` inside of a module that was named. What the module does not visibly define is
    /// taken for its own, because macros define things, too; a glob only tries.
    fn below(&self, module: usize, rest: &[String], search: &mut Search) -> Option<Meaning> {
        let Some((head, rest)) = rest.split_first() else {
            return Some(Meaning::Module(module));
        };
        let is_certain = !search.tries;
        self.step(module, head, rest, search)
            .or_else(|| is_certain.then(|| Meaning::Item(module, head.clone())))
    }

    fn step(&self, at: usize, head: &str, rest: &[String], search: &mut Search) -> Option<Meaning> {
        let module = &self.modules[at];
        let child = self.child(at, head);
        if let Some(child) = child.filter(|_| !rest.is_empty()) {
            return self.below(child, rest, search);
        }
        if module.items.contains(head) {
            return Some(Meaning::Item(at, head.to_owned()));
        }
        let fits = |one: &&Import| one.name == head || one.name == GLOB;
        let mut imports: Vec<_> = module.imports.iter().filter(fits).collect();
        imports.sort_by_key(|one| one.name == GLOB);
        imports
            .into_iter()
            .find_map(|one| self.follow(at, head, one, rest, search))
            .or_else(|| child.map(Meaning::Module))
            .or_else(|| self.exported_macro(at, head))
    }

    /// What `head` and `rest` mean by way of an import of the module `at`.
    fn follow(
        &self,
        at: usize,
        head: &str,
        import: &Import,
        rest: &[String],
        search: &mut Search,
    ) -> Option<Meaning> {
        let mut target = import.target.clone();
        let is_glob = import.name == GLOB;
        if is_glob {
            target.push(head.to_owned());
        }
        let key = (at, target.join("::"));
        if search.open.contains(&key) {
            return None;
        }
        search.open.push(key);
        let tried = std::mem::replace(&mut search.tries, is_glob);
        let found = self.resolve(at, &target, search);
        search.tries = tried;
        search.open.pop();
        match found? {
            Meaning::Module(module) => self.below(module, rest, search),
            item @ Meaning::Item(..) => Some(item),
        }
    }

    fn child(&self, at: usize, name: &str) -> Option<usize> {
        let module = &self.modules[at];
        if !module.children.contains(name) {
            return None;
        }
        let path = [&module.path[..], &[name.to_owned()]].concat();
        self.by_path.get(&path[..]).copied()
    }

    fn exported_macro(&self, at: usize, name: &str) -> Option<Meaning> {
        let mut all = self.modules.iter().enumerate();
        let (owner, _) = all.find(|(_, one)| at == 0 && one.exported_macros.contains(name))?;
        Some(Meaning::Item(owner, name.to_owned()))
    }
}
