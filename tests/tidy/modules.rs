//! The modules of a crate: what each defines, imports and mentions. Code for tests is left out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, ImplItem, Item, ItemUse, UseTree, Visibility};

/// The name of an import that takes everything.
pub(super) const GLOB: &str = "*";

/// One module, in a file of its own or inside of another.
#[derive(Default)]
pub(super) struct Module {
    /// Names from the root of the crate; the root itself has none.
    pub(super) path: Vec<String>,
    /// Names of modules declared in it.
    pub(super) children: BTreeSet<String>,
    /// Names that it defines, other than modules.
    pub(super) items: BTreeSet<String>,
    /// Macros that every module of the crate finds at the root.
    pub(super) exported_macros: BTreeSet<String>,
    pub(super) imports: Vec<Import>,
    /// Paths in its code, outside of imports.
    pub(super) mentions: BTreeSet<Vec<String>>,
}

/// One name of a `use`.
pub(super) struct Import {
    /// What it is called here, or [`GLOB`].
    pub(super) name: String,
    pub(super) target: Vec<String>,
    /// `pub use`, `pub(crate) use` and the like.
    pub(super) is_reexport: bool,
}

impl Module {
    /// For messages: `arm::lro`, and `crate` for the root.
    pub(super) fn title(&self) -> String {
        if self.path.is_empty() {
            "crate".to_owned()
        } else {
            self.path.join("::")
        }
    }
}

/// All modules of the crate with this root file (`src/lib.rs`), the root first.
pub(super) fn of_crate(root: &Path) -> Vec<Module> {
    let folder = root.parent().unwrap_or(root);
    let mut found = Vec::new();
    from_file(root, folder, Vec::new(), &mut found);
    found
}

/// The module in a text that declares no files. For tests of the rule.
pub(super) fn of_text(text: &str) -> Vec<Module> {
    let mut found = Vec::new();
    let file = syn::parse_file(text).expect("the text is Rust");
    add(Vec::new(), &file.items, Path::new(""), &mut found);
    found
}

fn from_file(file: &Path, folder: &Path, path: Vec<String>, found: &mut Vec<Module>) {
    let text = std::fs::read_to_string(file);
    let text = text.unwrap_or_else(|cause| panic!("{file:?} cannot be read: {cause}"));
    let parsed = syn::parse_file(&text);
    let parsed = parsed.unwrap_or_else(|cause| panic!("{file:?} is not Rust: {cause}"));
    add(path, &parsed.items, folder, found);
}

/// Adds a module and those below it; `folder` is where files of its children lie.
fn add(path: Vec<String>, items: &[Item], folder: &Path, found: &mut Vec<Module>) {
    let at = found.len();
    let mut module = Module {
        path: path.clone(),
        ..Module::default()
    };
    found.push(Module::default());
    for item in items {
        if is_for_tests(attributes(item)) {
            continue;
        }
        match item {
            Item::Mod(child) => {
                let name = child.ident.to_string();
                let below = [&path[..], std::slice::from_ref(&name)].concat();
                match &child.content {
                    Some((_, items)) => add(below, items, &folder.join(&name), found),
                    None => from_file(&file_of(folder, &name), &folder.join(&name), below, found),
                }
                module.children.insert(name);
            }
            Item::Use(import) => module.imports.extend(imports(import)),
            item => define(&mut module, item),
        }
    }
    found[at] = module;
}

fn file_of(folder: &Path, name: &str) -> PathBuf {
    let flat = folder.join(format!("{name}.rs"));
    if flat.is_file() {
        flat
    } else {
        folder.join(name).join("mod.rs")
    }
}

fn define(module: &mut Module, item: &Item) {
    if let Some(name) = name_of(item) {
        module.items.insert(name.clone());
        let is_exported = attributes(item)
            .iter()
            .any(|one| one.path().is_ident("macro_export"));
        if is_exported {
            module.exported_macros.insert(name);
        }
    }
    let tokens = match item {
        Item::Impl(block) => {
            let mut block = block.clone();
            block
                .items
                .retain(|one| !is_for_tests(inner_attributes(one)));
            block.into_token_stream()
        }
        item => item.to_token_stream(),
    };
    mentions(tokens, &mut module.mentions);
}

fn name_of(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(one) => &one.ident,
        Item::Enum(one) => &one.ident,
        Item::Fn(one) => &one.sig.ident,
        Item::Macro(one) => one.ident.as_ref()?,
        Item::Static(one) => &one.ident,
        Item::Struct(one) => &one.ident,
        Item::Trait(one) => &one.ident,
        Item::TraitAlias(one) => &one.ident,
        Item::Type(one) => &one.ident,
        Item::Union(one) => &one.ident,
        _ => return None,
    };
    Some(ident.to_string())
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(one) => &one.attrs,
        Item::Enum(one) => &one.attrs,
        Item::Fn(one) => &one.attrs,
        Item::Impl(one) => &one.attrs,
        Item::Macro(one) => &one.attrs,
        Item::Mod(one) => &one.attrs,
        Item::Static(one) => &one.attrs,
        Item::Struct(one) => &one.attrs,
        Item::Trait(one) => &one.attrs,
        Item::Type(one) => &one.attrs,
        Item::Use(one) => &one.attrs,
        _ => &[],
    }
}

fn inner_attributes(item: &ImplItem) -> &[Attribute] {
    match item {
        ImplItem::Const(one) => &one.attrs,
        ImplItem::Fn(one) => &one.attrs,
        ImplItem::Type(one) => &one.attrs,
        _ => &[],
    }
}

/// `#[cfg(test)]`, alone or among conditions that must all hold, and `#[test]`.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|one| {
        let text = one.meta.to_token_stream().to_string().replace(' ', "");
        text == "test" || text == "cfg(test)" || text.starts_with("cfg(all(test,")
    })
}

/// The names that a `use` brings.
fn imports(item: &ItemUse) -> Vec<Import> {
    let is_reexport = !matches!(item.vis, Visibility::Inherited);
    let mut found = Vec::new();
    if item.leading_colon.is_none() {
        flatten(&item.tree, &mut Vec::new(), is_reexport, &mut found);
    }
    found
}

fn flatten(tree: &UseTree, path: &mut Vec<String>, is_reexport: bool, found: &mut Vec<Import>) {
    let mut take = |name: String, target: Vec<String>| {
        found.push(Import {
            name,
            target,
            is_reexport,
        });
    };
    match tree {
        UseTree::Path(one) => {
            path.push(one.ident.to_string());
            flatten(&one.tree, path, is_reexport, found);
            path.pop();
        }
        UseTree::Name(one) if one.ident == "self" => {
            take(path.last().cloned().unwrap_or_default(), path.clone());
        }
        UseTree::Name(one) => {
            let name = one.ident.to_string();
            take(name.clone(), [&path[..], &[name]].concat());
        }
        UseTree::Rename(one) if one.ident == "self" => take(one.rename.to_string(), path.clone()),
        UseTree::Rename(one) => take(
            one.rename.to_string(),
            [&path[..], &[one.ident.to_string()]].concat(),
        ),
        UseTree::Glob(_) => take(GLOB.to_owned(), path.clone()),
        UseTree::Group(group) => {
            for one in &group.items {
                flatten(one, path, is_reexport, found);
            }
        }
    }
}

/// Collects the paths in code, those in calls of macros and in `use` inside of functions, too.
fn mentions(tokens: TokenStream, found: &mut BTreeSet<Vec<String>>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Group(group) => mentions(group.stream(), found),
            TokenTree::Ident(word) if word == "use" => {
                let rest = &tokens[at..];
                let end = rest.iter().position(|one| is_punct(Some(one), ';'));
                let statement = end.map(|end| rest[..=end].iter().cloned().collect());
                if let Some(Ok(item)) = statement.map(syn::parse2::<ItemUse>) {
                    found.extend(imports(&item).into_iter().map(|one| one.target));
                    at += end.unwrap_or_default();
                }
            }
            TokenTree::Ident(_) if begins_path(&tokens[..at]) => {
                let (path, end) = path_at(&tokens, at);
                if counts(&path, tokens.get(end)) {
                    found.insert(path);
                }
                at = end - 1;
            }
            _ => {}
        }
        at += 1;
    }
}

/// Whether a word after these tokens is the first of a path: no field, method, lifetime, later
/// part of a path, or name of a new function.
fn begins_path(before: &[TokenTree]) -> bool {
    let last = |back: usize| before.len().checked_sub(back).map(|at| &before[at]);
    let is_range = is_punct(last(1), '.') && is_punct(last(2), '.');
    let is_member = is_punct(last(1), '.') && !is_range;
    let is_later = is_punct(last(1), ':') && is_punct(last(2), ':');
    let is_new = matches!(last(1), Some(TokenTree::Ident(word)) if word == "fn");
    !is_member && !is_later && !is_new && !is_punct(last(1), '\'')
}

/// The words joined by `::` from here on, and the index behind them.
fn path_at(tokens: &[TokenTree], start: usize) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    let mut at = start;
    while let Some(TokenTree::Ident(word)) = tokens.get(at) {
        path.push(word.to_string());
        at += 1;
        let goes_on = is_punct(tokens.get(at), ':')
            && is_punct(tokens.get(at + 1), ':')
            && matches!(tokens.get(at + 2), Some(TokenTree::Ident(_)));
        if !goes_on {
            break;
        }
        at += 2;
    }
    (path, at)
}

/// A lone word in lower case is a variable, unless it is called.
fn counts(path: &[String], next: Option<&TokenTree>) -> bool {
    let is_called = is_punct(next, '!')
        || matches!(next, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
    let is_capital = path[0].starts_with(|first: char| first.is_uppercase());
    path.len() > 1 || is_called || is_capital
}

fn is_punct(token: Option<&TokenTree>, expected: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == expected)
}
