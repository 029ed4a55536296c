//! Executes a Dockerfile over a context: instructions in, image and build log out.
//!
//! Nothing is run: instructions that need a container end the build with a message that says so.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::dockerfile::{Copy, Instruction, Located, substitute};
use super::ignore::matches;
use super::image::{Image, Node, Tree, clean_path, overlay, pack};
use super::log::Log;
use super::{archive, base_images};

/// Images carry no clock, so that the same input gives the same digest.
pub(crate) const CREATED: &str = "1970-01-01T00:00:00Z";

/// Everything a build reads.
pub(crate) struct Build<'a> {
    pub(crate) instructions: &'a [Located],
    pub(crate) context: &'a Tree,
    /// Values for `ARG`.
    pub(crate) arguments: &'a BTreeMap<String, String>,
    /// Finds the image after `FROM`.
    pub(crate) base: &'a dyn Fn(&str) -> Result<Image, String>,
    /// The stage to stop at; the last one when absent.
    pub(crate) target: Option<&'a str>,
}

/// One stage while it is built.
struct Stage {
    alias: Option<String>,
    image: Image,
    tree: Tree,
    arguments: BTreeMap<String, String>,
}

/// Runs the build, appending lines to `log` as the Docker builder prints them.
///
/// # Errors
/// The reason, as it stands in the log.
pub(crate) fn assemble(build: &Build<'_>, log: &mut Log<'_>) -> Result<Image, String> {
    let mut globals = BTreeMap::new();
    let mut stages: Vec<Stage> = Vec::new();
    let count = build.instructions.len();
    for (step, located) in build.instructions.iter().enumerate() {
        log.push(format!("Step {}/{count} : {}", step + 1, located.text));
        match (&located.instruction, stages.last_mut()) {
            (Instruction::From { image, alias }, _) => {
                if is_target(build, stages.last()) {
                    break;
                }
                let stage = begin(build, &stages, &globals, image, alias.clone())?;
                stages.push(stage);
            }
            (Instruction::Arg { name, default }, None) => {
                declare(&mut globals, build, name, default.clone());
            }
            (_, None) => return Err("no build stage in current context".into()),
            (instruction, Some(_)) => apply(build, &globals, &mut stages, instruction)
                .map_err(|reason| format!("line {}: {reason}", located.line))?,
        }
        if let Some(stage) = stages.last() {
            log.push(format!(" ---> {}", short(&stage.image)));
        }
    }
    if let Some(target) = build.target.filter(|_| !is_target(build, stages.last())) {
        return Err(format!(
            "failed to reach build target {target} in Dockerfile"
        ));
    }
    let stage = stages.pop().ok_or("file with no instructions")?;
    log.push(format!("Successfully built {}", short(&stage.image)));
    Ok(stage.image)
}

fn is_target(build: &Build<'_>, stage: Option<&Stage>) -> bool {
    let target = build.target.map(str::to_lowercase);
    target.is_some() && stage.is_some_and(|stage| stage.alias == target)
}

fn short(image: &Image) -> String {
    image.id().hex()[..12].to_owned()
}

fn declare(
    into: &mut BTreeMap<String, String>,
    build: &Build<'_>,
    name: &str,
    default: Option<String>,
) {
    if let Some(value) = build.arguments.get(name).cloned().or(default) {
        into.insert(name.to_owned(), value);
    }
}

fn begin(
    build: &Build<'_>,
    stages: &[Stage],
    globals: &BTreeMap<String, String>,
    image: &str,
    alias: Option<String>,
) -> Result<Stage, String> {
    let name = substitute(image, &|name| globals.get(name).cloned());
    let earlier = stages
        .iter()
        .find(|s| s.alias.as_deref() == Some(&name.to_lowercase()));
    let image = match earlier {
        Some(stage) => stage.image.clone(),
        None if name == "scratch" => base_images::scratch(),
        None => (build.base)(&name)?,
    };
    let tree = image
        .tree()
        .map_err(|e| format!("cannot read the layers of {name}: {e}"))?;
    Ok(Stage {
        alias,
        image,
        tree,
        arguments: BTreeMap::new(),
    })
}

fn apply(
    build: &Build<'_>,
    globals: &BTreeMap<String, String>,
    stages: &mut [Stage],
    instruction: &Instruction,
) -> Result<(), String> {
    let Some((stage, earlier)) = stages.split_last_mut() else {
        return Ok(());
    };
    let known = stage.variables();
    let text = |raw: &str| substitute(raw, &|name| known.get(name).cloned());
    let config = member(&mut stage.image.config, "config");
    match instruction {
        Instruction::From { .. } => {}
        Instruction::NotModelled(word) => {
            return Err(format!(
                "{word} is not modelled: the emulator builds images from files and runs no commands. \
                 Put the result of the command into the build context and COPY it"
            ));
        }
        Instruction::Env(pairs) => {
            for (name, value) in pairs {
                set_env(config, name, &text(value));
            }
        }
        Instruction::Label(pairs) => {
            for (name, value) in pairs {
                put(member(config, "Labels"), name, text(value));
            }
        }
        Instruction::Arg { name, default } => {
            let default = default
                .as_deref()
                .map(text)
                .or_else(|| globals.get(name).cloned());
            declare(&mut stage.arguments, build, name, default);
        }
        Instruction::Expose(ports) => {
            for port in ports {
                put(
                    member(config, "ExposedPorts"),
                    &exposed_port(&text(port))?,
                    json!({}),
                );
            }
        }
        Instruction::Volume(paths) => {
            for path in paths {
                put(member(config, "Volumes"), &text(path), json!({}));
            }
        }
        Instruction::Cmd(words) => put(config, "Cmd", json!(words)),
        Instruction::Entrypoint(words) => {
            put(config, "Entrypoint", json!(words));
            // Docker forgets the base image's CMD with a new ENTRYPOINT.
            put(config, "Cmd", Value::Null);
        }
        Instruction::Workdir(path) => {
            let folder = absolute(config, &text(path));
            put(config, "WorkingDir", folder);
        }
        Instruction::User(user) => put(config, "User", text(user)),
        Instruction::StopSignal(signal) => put(config, "StopSignal", text(signal)),
        Instruction::Copy(copy) => return stage.copy(build, earlier, copy, &text),
    }
    Ok(())
}

impl Stage {
    /// What `$NAME` may stand for: `ENV` wins over `ARG`.
    fn variables(&self) -> BTreeMap<String, String> {
        let mut known = self.arguments.clone();
        let env = self.image.config["config"]["Env"].as_array();
        let pairs = env
            .into_iter()
            .flatten()
            .filter_map(|pair| pair.as_str()?.split_once('='));
        known.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        known
    }

    fn copy(
        &mut self,
        build: &Build<'_>,
        earlier: &[Stage],
        copy: &Copy,
        text: &dyn Fn(&str) -> String,
    ) -> Result<(), String> {
        let external;
        let source = match &copy.from {
            None => build.context,
            Some(name) => match find_stage(earlier, name) {
                Some(stage) => &stage.tree,
                None => {
                    external = (build.base)(name)?
                        .tree()
                        .map_err(|e| format!("cannot read {name}: {e}"))?;
                    &external
                }
            },
        };
        let added = self.plan_copy(source, copy, text)?;
        let layer = pack(&added).map_err(|e| format!("cannot pack the layer: {e}"))?;
        for (path, node) in added {
            overlay(&mut self.tree, path, node);
        }
        self.image.layers.push(layer);
        Ok(())
    }

    /// The files of the new layer, with the folders they need.
    fn plan_copy(
        &self,
        source: &Tree,
        copy: &Copy,
        text: &dyn Fn(&str) -> String,
    ) -> Result<Tree, String> {
        let destination = text(&copy.destination);
        let target = absolute(&self.image.config["config"], &destination);
        let target = clean_path(&target)
            .ok_or_else(|| format!("COPY to {destination:?} leaves the image"))?;
        let mut found = Vec::new();
        for pattern in &copy.sources {
            found.extend(sources(source, &text(pattern), copy.is_add)?);
        }
        let into_folder = destination.ends_with('/')
            || matches!(destination.as_str(), "." | "")
            || self.is_folder(&target);
        if found.len() > 1 && !into_folder {
            return Err("When using COPY with more than one source file, the destination must be a directory and end with a /".into());
        }
        let mut added = Tree::new();
        for path in found {
            self.plan_source(&mut added, source, &path, copy, (&target, into_folder))?;
        }
        Ok(added)
    }

    fn plan_source(
        &self,
        added: &mut Tree,
        source: &Tree,
        path: &str,
        copy: &Copy,
        (target, into_folder): (&str, bool),
    ) -> Result<(), String> {
        if let Some(Node::File { content, .. }) = source.get(path).filter(|_| copy.is_add)
            && let Some(tree) = archive::unpacked(content)?
        {
            for (inner, node) in &tree {
                self.add(added, join(target, inner), node, copy.mode);
            }
            return Ok(());
        }
        match source.get(path) {
            Some(node @ (Node::File { .. } | Node::Link { .. })) => {
                let name = path.rsplit('/').next().unwrap_or(path);
                let to = if into_folder {
                    join(target, name)
                } else {
                    target.to_owned()
                };
                self.add(added, to, node, copy.mode);
            }
            // A folder is copied by its content, not as a folder.
            _ => {
                let below = format!("{path}/");
                let inside = source
                    .iter()
                    .filter(|(p, _)| path.is_empty() || p.starts_with(&below));
                for (p, node) in inside {
                    let relative = p.strip_prefix(&below).unwrap_or(p);
                    self.add(added, join(target, relative), node, copy.mode);
                }
            }
        }
        Ok(())
    }

    fn add(&self, added: &mut Tree, path: String, node: &Node, mode: Option<u32>) {
        for (at, _) in path.match_indices('/') {
            if !self.is_folder(&path[..at]) {
                added
                    .entry(path[..at].to_owned())
                    .or_insert(Node::Directory { mode: 0o755 });
            }
        }
        let node = match (node, mode) {
            (Node::File { content, .. }, Some(mode)) => Node::File {
                mode,
                content: content.clone(),
            },
            (node, _) => node.clone(),
        };
        added.insert(path, node);
    }

    fn is_folder(&self, path: &str) -> bool {
        let below = format!("{path}/");
        path.is_empty()
            || matches!(self.tree.get(path), Some(Node::Directory { .. }))
            || self
                .tree
                .range(below.clone()..)
                .next()
                .is_some_and(|(p, _)| p.starts_with(&below))
    }
}

fn find_stage<'a>(stages: &'a [Stage], name: &str) -> Option<&'a Stage> {
    let by_name = stages
        .iter()
        .find(|stage| stage.alias.as_deref() == Some(&name.to_lowercase()));
    by_name.or_else(|| stages.get(name.parse::<usize>().ok()?))
}

/// The paths of the context that a source names; a source without any is an error of the build.
fn sources(context: &Tree, pattern: &str, is_add: bool) -> Result<Vec<String>, String> {
    let word = if is_add { "ADD" } else { "COPY" };
    if is_add && (pattern.contains("://") || pattern.starts_with("git@")) {
        return Err(format!(
            "ADD {pattern} is not modelled: the emulator has no network"
        ));
    }
    let clean = clean_path(pattern).ok_or_else(|| {
        format!("{word} failed: forbidden path outside the build context: {pattern}")
    })?;
    let missing = || {
        format!(
            "{word} failed: file not found in build context or excluded by .dockerignore: stat {pattern}: file does not exist"
        )
    };
    if clean.is_empty() {
        return Ok(vec![clean]);
    }
    let depth = clean.matches('/').count();
    let mut found: Vec<String> = Vec::new();
    for path in context.keys() {
        let end = path
            .match_indices('/')
            .nth(depth)
            .map_or(path.len(), |(at, _)| at);
        let candidate = &path[..end];
        if matches(&clean, candidate)
            && found.last().map(String::as_str) != Some(candidate)
            && !found.iter().any(|f| f == candidate)
        {
            found.push(candidate.to_owned());
        }
    }
    if found.is_empty() {
        Err(missing())
    } else {
        Ok(found)
    }
}

/// Sets a member. A configuration comes from outside, so it need not have the shape that we expect;
/// what is not an object becomes one.
fn put(object: &mut Value, key: &str, value: impl Into<Value>) {
    if !object.is_object() {
        *object = json!({});
    }
    object[key] = value.into();
}

fn member<'a>(object: &'a mut Value, key: &str) -> &'a mut Value {
    if !object.get(key).is_some_and(Value::is_object) {
        put(object, key, json!({}));
    }
    &mut object[key]
}

fn set_env(config: &mut Value, name: &str, value: &str) {
    let mut list = config["Env"].as_array().cloned().unwrap_or_default();
    let pair = Value::from(format!("{name}={value}"));
    let prefix = format!("{name}=");
    match list
        .iter_mut()
        .find(|old| old.as_str().is_some_and(|old| old.starts_with(&prefix)))
    {
        Some(old) => *old = pair,
        None => list.push(pair),
    }
    put(config, "Env", list);
}

fn exposed_port(text: &str) -> Result<String, String> {
    let (port, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    match port.parse::<u16>() {
        Ok(_) if matches!(protocol, "tcp" | "udp" | "sctp") => Ok(format!("{port}/{protocol}")),
        _ => Err(format!("invalid containerPort: {text}")),
    }
}

fn absolute(config: &Value, path: &str) -> String {
    if path.starts_with('/') {
        return path.to_owned();
    }
    let folder = config["WorkingDir"]
        .as_str()
        .filter(|dir| !dir.is_empty())
        .unwrap_or("/");
    format!("{}/{path}", folder.trim_end_matches('/'))
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

#[cfg(test)]
#[path = "assemble_tests.rs"]
mod tests;
