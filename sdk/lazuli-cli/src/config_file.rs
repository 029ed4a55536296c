//! The config file of a stack: `lazuli.STACK.toml`, one value per top-level key.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use lazuli_core::Value;
use lazuli_engine::whole_file::{self, Access};
use toml_edit::{Array, DocumentMut, InlineTable, Item, TableLike, Value as Toml};

use crate::CliError;

/// The one key that is no value of the program's: no config value can be called so.
const OWN: &str = "$lazuli";
/// The only member of a sealed value.
const SEALED: &str = "$sealed";

/// A config file that was read; comments and order are kept.
pub(crate) struct ConfigFile {
    path: PathBuf,
    document: DocumentMut,
}

impl ConfigFile {
    /// Reads the file; a missing one is an empty one.
    pub(crate) fn read(path: PathBuf) -> Result<Self, CliError> {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(cause) => {
                return Err(CliError::usage(format!(
                    "{}: it cannot be read: {cause}",
                    path.display()
                ))
                .help("make the config file a readable UTF-8 text"));
            }
        };
        let document = text.parse::<DocumentMut>().map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            let reason = error.message().replace('\n', ", ");
            CliError::usage(format!(
                "{}:{line}: the config file is no valid TOML: {reason}",
                path.display()
            ))
            .help("correct that line; texts stand in quotes: key = \"value\"")
        })?;
        Ok(Self { path, document })
    }

    /// All values by key, but for the sealed ones.
    pub(crate) fn values(&self) -> Result<BTreeMap<String, Value>, CliError> {
        let mut values = table(self.document.as_table())
            .map_err(|reason| CliError::usage(format!("{}: {reason}", self.path.display())))?;
        values.remove(OWN);
        for key in self.sealed().keys() {
            values.remove(key);
        }
        Ok(values)
    }

    /// Sealed values by key, as they stand there.
    pub(crate) fn sealed(&self) -> BTreeMap<String, String> {
        let items = self.document.iter();
        let sealed = items.filter_map(|(key, item)| Some((key.to_owned(), sealed_text(item)?)));
        sealed.collect()
    }

    /// Sets a sealed value, in place where the key exists.
    pub(crate) fn set_sealed(&mut self, key: &str, text: &str) {
        let mut sealed = InlineTable::new();
        sealed.insert(SEALED, Toml::from(text));
        self.put(key, Toml::InlineTable(sealed));
    }

    /// The wrapped key of the sealed values.
    pub(crate) fn key(&self) -> Option<String> {
        let key = self.document.get(OWN)?.get("key")?;
        key.as_str().map(str::to_owned)
    }

    /// Sets the wrapped key of the sealed values.
    pub(crate) fn set_key(&mut self, text: &str) {
        self.document[OWN]["key"] = Item::Value(Toml::from(text));
        if let Some(table) = self.document[OWN].as_inline_table_mut() {
            let table = std::mem::take(table).into_table();
            self.document[OWN] = Item::Table(table);
        }
    }

    /// Sets a value, in place where the key exists.
    pub(crate) fn set(&mut self, key: &str, value: &Value) -> Result<(), CliError> {
        let value = toml(value).map_err(|reason| {
            CliError::usage(format!(
                "the config value `{key}` cannot be kept in TOML: {reason}"
            ))
        })?;
        self.put(key, value);
        Ok(())
    }

    fn put(&mut self, key: &str, mut value: Toml) {
        match self.document.get_mut(key) {
            Some(Item::Value(old)) => {
                // What stands around the value, a comment for example, stays.
                *value.decor_mut() = old.decor().clone();
                *old = value;
            }
            _ => {
                self.document.insert(key, Item::Value(value));
            }
        }
    }

    /// Removes a value; says whether it was there.
    pub(crate) fn remove(&mut self, key: &str) -> bool {
        self.document.remove(key).is_some()
    }

    /// Writes the file as a whole and to the disk, so that a crash leaves the old or
    /// the new one. The lock keeps every other writer away.
    pub(crate) fn write(&self, _lock: &ConfigLock) -> Result<(), CliError> {
        whole_file::remove_leftovers(&self.path);
        whole_file::replace(
            &self.path,
            self.document.to_string().as_bytes(),
            Access::Usual,
        )
        .map_err(|cause| unwritable(&self.path, &cause))
    }
}

fn unwritable(file: &Path, cause: &std::io::Error) -> CliError {
    CliError::usage(format!("{}: it cannot be written: {cause}", file.display()))
        .help("make the folder writable")
}

/// The right to change a config file, until this is dropped: whoever changes it reads
/// it under the lock. The operating system ends it with the process.
#[derive(Debug)]
pub(crate) struct ConfigLock(#[expect(dead_code, reason = "it is held, not used")] File);

impl ConfigLock {
    /// Takes the lock; waits for another process that has it, and says so before.
    pub(crate) fn take(path: &Path, wait: impl FnOnce()) -> Result<Self, CliError> {
        let failed = |cause: std::io::Error| unwritable(path, &cause);
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                wait();
                file.lock().map_err(failed)?;
            }
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        Ok(Self(file))
    }
}

fn sealed_text(item: &Item) -> Option<String> {
    let members = item.as_table_like()?;
    let text = members.get(SEALED)?.as_str()?;
    (members.len() == 1).then(|| text.to_owned())
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text
        .bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
}

fn table(table: &dyn TableLike) -> Result<BTreeMap<String, Value>, String> {
    let entries = table.iter().map(|(key, item)| {
        let value =
            item_value(item).map_err(|reason| format!("the config value `{key}`: {reason}"))?;
        Ok((key.to_owned(), value))
    });
    entries.collect()
}

fn item_value(item: &Item) -> Result<Value, String> {
    match item {
        Item::Value(value) => plain(value),
        Item::Table(inner) => table(inner).map(Value::from),
        Item::ArrayOfTables(list) => {
            let items = list.iter().map(|inner| table(inner).map(Value::from));
            items.collect::<Result<_, _>>().map(Value::List)
        }
        Item::None => Ok(Value::Null),
    }
}

fn plain(value: &Toml) -> Result<Value, String> {
    Ok(match value {
        Toml::String(text) => Value::from(text.value().as_str()),
        Toml::Integer(number) => Value::from(*number.value()),
        Toml::Float(number) if !number.value().is_finite() => {
            return Err("it is not a finite number".to_owned());
        }
        Toml::Float(number) => Value::from(*number.value()),
        Toml::Boolean(value) => Value::from(*value.value()),
        Toml::Datetime(moment) => Value::from(moment.value().to_string()),
        Toml::Array(list) => Value::List(list.iter().map(plain).collect::<Result<_, _>>()?),
        Toml::InlineTable(inner) => Value::from(table(inner)?),
    })
}

fn toml(value: &Value) -> Result<Toml, String> {
    Ok(match value {
        Value::Null => return Err("it has no null; remove the value instead".to_owned()),
        Value::Bool(value) => Toml::from(*value),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Toml::from(whole),
            (None, Some(real)) if !number.is_u64() => Toml::from(real),
            _ => return Err("the number is too large".to_owned()),
        },
        Value::String(text) => Toml::from(text.as_str()),
        Value::List(list) => Toml::Array(list.iter().map(toml).collect::<Result<Array, _>>()?),
        Value::Map(map) => {
            let entries = map
                .iter()
                .map(|(key, value)| Ok::<_, String>((key.as_str(), toml(value)?)));
            Toml::InlineTable(entries.collect::<Result<InlineTable, _>>()?)
        }
        Value::Secret(_) | Value::Unknown(_) => {
            return Err("only plain values can be kept".to_owned());
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lazuli.dev.toml");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn lock(path: &Path) -> ConfigLock {
        ConfigLock::take(&path.with_extension("lock"), || {}).unwrap()
    }

    #[test]
    fn whoever_changes_a_file_waits_for_the_others_and_nothing_is_lost() {
        let (folder, path) = file("");
        let set = |at: usize| {
            let lock = lock(&path);
            let mut config = ConfigFile::read(path.clone()).unwrap();
            config.set(&format!("k{at}"), &Value::from("v")).unwrap();
            config.write(&lock).unwrap();
        };
        std::thread::scope(|scope| {
            for at in 0..16 {
                let set = &set;
                scope.spawn(move || set(at));
            }
        });
        let values = ConfigFile::read(path.clone()).unwrap().values().unwrap();
        assert_eq!(values.len(), 16);
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 2, "the file and its lock");
    }

    #[test]
    fn values_survive_a_round_trip() {
        let (_folder, path) = file("");
        let values = json!({
            "location": "westcentralus", "quoted": "a \"b\"\n", "replicas": 3, "ratio": 0.5, "debug": true,
            "zones": ["1", "2"], "tags": {"env": "dev", "x.y": [1]}, "app.color": "01",
        });
        let values = Value::from(values).as_map().unwrap().clone();
        let mut config = ConfigFile::read(path.clone()).unwrap();
        for (key, value) in &values {
            config.set(key, value).unwrap();
        }
        config.write(&lock(&path)).unwrap();
        assert_eq!(
            ConfigFile::read(path).unwrap().values().unwrap(),
            values.into_iter().collect()
        );
    }

    #[test]
    fn comments_and_order_survive_a_change() {
        let (_folder, path) = file("# where\nb = \"x\" # here\na = 1\n");
        let mut config = ConfigFile::read(path.clone()).unwrap();
        config.set("b", &Value::from("y")).unwrap();
        assert!(config.remove("a") && !config.remove("a"));
        config.write(&lock(&path)).unwrap();
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            "# where\nb = \"y\" # here\n"
        );
    }

    #[test]
    fn a_broken_file_is_named_with_its_line() {
        let (_folder, path) = file("a = \"x\"\n\nb = oops\n");
        let error = ConfigFile::read(path.clone()).err().unwrap();
        assert!(
            error
                .message()
                .starts_with(&format!("{}:3: ", path.display())),
            "{error}"
        );
        assert_eq!(error.exit().code(), 2);
        let (_folder, path) = file("a = inf\n");
        let error = ConfigFile::read(path).unwrap().values().unwrap_err();
        assert!(
            error.message().contains("`a`: it is not a finite number"),
            "{error}"
        );
    }

    #[test]
    fn sealed_values_stand_beside_plain_ones_and_are_none_of_them() {
        let (_folder, path) = file("a = 1 # one\ndb = \"old\" # here\n");
        let mut config = ConfigFile::read(path.clone()).unwrap();
        config.set_key("wrapped");
        config.set_sealed("db", "c2VhbGVk");
        config.set("b", &Value::from("plain")).unwrap();
        config.write(&lock(&path)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.contains("db = { \"$sealed\" = \"c2VhbGVk\" } # here"),
            "{text}"
        );
        let config = ConfigFile::read(path).unwrap();
        let keys: Vec<_> = config.values().unwrap().into_keys().collect();
        assert_eq!(keys, ["a", "b"]);
        assert_eq!(config.key().as_deref(), Some("wrapped"));
        assert_eq!(
            config.sealed(),
            [("db".to_owned(), "c2VhbGVk".to_owned())].into()
        );
    }

    #[test]
    fn what_toml_cannot_hold_is_refused() {
        let (_folder, path) = file("");
        let mut config = ConfigFile::read(path).unwrap();
        for bad in [json!(null), json!([1, null]), json!(u64::MAX)] {
            let error = config.set("k", &Value::from(bad.clone())).unwrap_err();
            assert!(error.message().contains("`k`"), "{bad}: {error}");
        }
    }
}
