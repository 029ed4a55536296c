//! A cloud that is a file: a line for every create and every delete, appended in
//! one write each, so that it is right whenever the process dies.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use lazuli::custom::Failure;

/// The cloud, or nothing where no log is kept.
pub(crate) struct Cloud {
    log: Option<Log>,
    refuses_existing: bool,
}

struct Log {
    path: PathBuf,
    file: OnceLock<File>,
    /// What is there, read from the log when it is first asked for.
    world: Mutex<Option<World>>,
}

/// Everything that was created and not deleted.
#[derive(Default)]
struct World {
    by_name: HashMap<String, String>,
    ids: HashSet<String>,
}

impl World {
    fn read(text: &str) -> Self {
        let mut world = Self::default();
        for line in text.lines() {
            let mut words = line.split(' ');
            match (words.next(), words.next(), words.next()) {
                (Some("create"), Some(name), Some(id)) => world.created(name, id),
                (Some("delete"), Some(name), Some(id)) => world.deleted(name, id),
                _ => {}
            }
        }
        world
    }

    fn created(&mut self, name: &str, id: &str) {
        self.by_name.insert(name.to_owned(), id.to_owned());
        self.ids.insert(id.to_owned());
    }

    fn deleted(&mut self, name: &str, id: &str) {
        self.ids.remove(id);
        if self.by_name.get(name).is_some_and(|known| known == id) {
            self.by_name.remove(name);
        }
    }
}

impl Cloud {
    /// The one that `CLOUD_LOG` names.
    pub(crate) fn of_process() -> Self {
        let path = std::env::var_os("CLOUD_LOG").filter(|path| !path.is_empty());
        Self {
            log: path.map(|path| Log {
                path: path.into(),
                file: OnceLock::new(),
                world: Mutex::default(),
            }),
            refuses_existing: std::env::var("CLOUD_EXISTS").is_ok_and(|what| what == "error"),
        }
    }

    /// Whether it keeps no log, and so cannot be asked.
    pub(crate) fn forgets(&self) -> bool {
        self.log.is_none()
    }

    /// Whether a resource of that id is there.
    pub(crate) fn holds(&self, id: &str) -> io::Result<bool> {
        self.ask(|world| world.ids.contains(id))
    }

    /// The id of what has that name.
    pub(crate) fn find(&self, name: &str) -> io::Result<Option<String>> {
        self.ask(|world| world.by_name.get(name).cloned())
    }

    fn ask<T: Default>(&self, question: impl FnOnce(&World) -> T) -> io::Result<T> {
        match &self.log {
            Some(log) => log.with_world(question),
            None => Ok(T::default()),
        }
    }

    /// Creates a resource.
    pub(crate) fn create(&self, name: &str, id: &str) -> Result<(), Failure> {
        let Some(log) = &self.log else { return Ok(()) };
        if self.refuses_existing && log.with_world(|world| world.by_name.contains_key(name))? {
            return Err(Failure::refused(format!("{name} exists")).code("Exists"));
        }
        log.append(&format!("create {name} {id}\n"))?;
        log.note(|world| world.created(name, id));
        Ok(())
    }

    /// Deletes a resource; that it is gone already is success.
    pub(crate) fn delete(&self, name: &str, id: &str) -> Result<(), Failure> {
        let Some(log) = &self.log else { return Ok(()) };
        if log.with_world(|world| world.ids.contains(id))? {
            log.append(&format!("delete {name} {id}\n"))?;
            log.note(|world| world.deleted(name, id));
        }
        Ok(())
    }
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Option<World>> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_world<T>(&self, question: impl FnOnce(&World) -> T) -> io::Result<T> {
        let mut world = self.lock();
        if let Some(world) = &*world {
            return Ok(question(world));
        }
        let text = match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read?,
        };
        Ok(question(world.insert(World::read(&text))))
    }

    /// Keeps what was read in step with the file.
    fn note(&self, change: impl FnOnce(&mut World)) {
        if let Some(world) = &mut *self.lock() {
            change(world);
        }
    }

    fn append(&self, line: &str) -> io::Result<()> {
        let mut file = match self.file.get() {
            Some(file) => file,
            None => {
                let file = File::options().create(true).append(true).open(&self.path)?;
                self.file.get_or_init(|| file)
            }
        };
        file.write_all(line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_deleted_is_gone_and_what_was_made_again_is_there() {
        let world = World::read("create a 1\ncreate b 2\ndelete a 1\ncreate a 3\ncut");
        assert_eq!(world.by_name.get("a").map(String::as_str), Some("3"));
        assert!(world.ids.contains("2") && !world.ids.contains("1"));
    }
}
