//! The one store of the emulated Azure: every resource, by id, in memory and in a file.
//!
//! The control plane (`arm`) writes it, the data plane (`data`, `web`, `build`) reads it directly.
//! Ids are case-insensitive and keep the casing they were last written with, as ARM asks.
//!
//! Conventions both sides rely on:
//! - A subnet, a record set, a link, a network interface is a resource of its own; a virtual
//!   network's stored body has no `subnets` (they are added when ARM answers).
//! - A site's `private` holds `config` (the whole of what GET `config/web` answers as `properties`;
//!   the site's own `siteConfig` is a view of it, made when ARM answers), `appSettings` (object),
//!   `connectionStrings`, `slotConfigNames`, `restarts` (a number) and `containerLog`.
//! - A registry's `private` holds `passwords` (two strings); builds keep their runs there too.
//! - Ids that do not begin with `/subscriptions/` or `/providers/` are the emulator's own records.
//!
//! Persistence lives in [`crate::world_file`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use jiff::Timestamp;
use uuid::Uuid;

use crate::clock::Clock;
use crate::origin::Origin;
use crate::wire::Answer;
use crate::wire::dialect::Dialect;
use crate::wire::ids::TypeNames;
use crate::world_file::{WorldError, WorldFile};

/// Counts how often a kept world was opened with a seed.
const OPENED_ID: &str = "/lazuli/openings";

/// One ARM resource, or one record of the emulator's own.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resource {
    /// Full id, casing as last supplied.
    pub(crate) id: String,
    /// Canonical type, for example `Microsoft.Network/virtualNetworks/subnets`.
    pub(crate) kind: String,
    /// What GET answers.
    pub(crate) body: Value,
    /// What GET never shows: app settings, passwords, runs, the container log.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) private: Value,
}

impl Resource {
    /// The last segment of the id.
    pub(crate) fn name(&self) -> &str {
        self.id.rsplit('/').next().unwrap_or_default()
    }

    /// A value of the body by JSON pointer, for example `/properties/addressPrefix`.
    pub(crate) fn at(&self, pointer: &str) -> Option<&Value> {
        self.body.pointer(pointer).filter(|value| !value.is_null())
    }

    /// A string of the body by JSON pointer.
    pub(crate) fn text(&self, pointer: &str) -> Option<&str> {
        self.at(pointer).and_then(Value::as_str)
    }
}

/// Never shows `private`: resources end up in logs.
impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Who and where this Azure is; fixed for the life of the process.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) tenant: String,
    pub(crate) subscription: String,
    /// Application (client) id of the seeded service principal.
    pub(crate) client: String,
    /// Its secret.
    pub(crate) secret: String,
    /// Its object id: what role assignments name.
    pub(crate) principal: String,
    /// `https://127.0.0.1:PORT/`, known because the listener is bound before the world is opened.
    pub(crate) base_url: Url,
    /// The public address that callers outside every virtual network appear to have.
    pub(crate) client_ip: IpAddr,
}

impl Settings {
    /// The base address without a final slash, to put a path behind.
    pub(crate) fn base(&self) -> &str {
        self.base_url.as_str().trim_end_matches('/')
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("tenant", &self.tenant)
            .field("subscription", &self.subscription)
            .field("client", &self.client)
            .field("base_url", &self.base_url.as_str())
            .finish_non_exhaustive()
    }
}

/// What the control plane does to a world outside of requests, by the type of a resource. The store
/// knows no type itself; [`crate::arm::providers`] implements this for its table of types.
pub(crate) trait Control: Send + Sync {
    /// A type in canonical casing; the unknown tail of an unknown type stays as it is.
    fn canonical(&self, kind: &str) -> String;
    /// Whether there is such a type.
    fn knows(&self, kind: &str) -> bool;
    /// The dialect of that name.
    fn dialect(&self, name: &str) -> Option<&'static Dialect>;
    /// Whether addresses of operations end in this word and a token.
    fn is_poll_word(&self, word: &str) -> bool;
    /// Adds what GET shows of a type besides the stored body.
    fn view(&self, world: &World, kind: &str, body: &mut Value);
    /// Changes a resource whose create or update ends.
    fn settling(&self, world: &World, resource: &mut Resource);
    /// Follows the end of a create or update.
    fn settled(&self, world: &World, resource: &Resource);
    /// Precedes the removal of a resource.
    fn removing(&self, world: &World, resource: &Resource);
    /// Follows the removal of a resource.
    fn removed(&self, world: &World, resource: &Resource);
    /// Does the work that an operation on `id` does at its end.
    fn run(&self, world: &World, id: &str);
    /// What the status address of an ended operation on `id` answers, where it is more than `Succeeded`.
    fn status(&self, world: &World, id: &str) -> Option<Answer>;
}

/// The shared store. Cloning is cheap and gives the same store.
#[derive(Clone)]
pub(crate) struct World {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    data_dir: DataDir,
    origin: Arc<Origin>,
    control: Arc<dyn Control>,
    inner: RwLock<Inner>,
    /// How many stored resources were looked at, so that tests can count work.
    #[cfg(test)]
    looked_at: std::sync::atomic::AtomicUsize,
}

/// Where blobs go: the caller's folder, or one of our own that leaves with the world.
enum DataDir {
    Given(PathBuf),
    Temporary(PathBuf),
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if let DataDir::Temporary(path) = self {
            // Best effort: the folder is under the system's temporary directory anyway.
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

#[derive(Default)]
struct Inner {
    resources: BTreeMap<String, Resource>,
    kinds: BTreeMap<String, BTreeSet<String>>,
    file: Option<WorldFile>,
    storage_error: Option<String>,
}

impl World {
    /// Opens the world kept in `dir`, or an empty one in memory when there is no `dir`.
    pub(crate) fn open(
        dir: Option<&Path>,
        settings: Settings,
        origin: Origin,
        control: Arc<dyn Control>,
    ) -> Result<World, WorldError> {
        let mut inner = Inner::default();
        let data_dir = match dir {
            Some(dir) => {
                let (file, resources) = WorldFile::open(dir)?;
                for resource in resources {
                    inner.index(resource);
                }
                inner.file = Some(file);
                if origin.is_seeded() {
                    origin.opened_before(inner.count_opening());
                }
                DataDir::Given(dir.to_path_buf())
            }
            None => DataDir::Temporary(temporary_dir()?),
        };
        Ok(World {
            shared: Arc::new(Shared {
                settings,
                data_dir,
                origin: Arc::new(origin),
                control,
                inner: RwLock::new(inner),
                #[cfg(test)]
                looked_at: Default::default(),
            }),
        })
    }

    pub(crate) fn get(&self, id: &str) -> Option<Resource> {
        self.seen(self.read().resources.get(&key(id)).cloned())
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.read().resources.contains_key(&key(id))
    }

    /// All resources of a type (any casing), sorted by id.
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<Resource> {
        let inner = self.read();
        let keys = inner
            .kinds
            .get(&kind.to_ascii_lowercase())
            .into_iter()
            .flatten();
        keys.filter_map(|key| self.seen(inner.resources.get(key).cloned()))
            .collect()
    }

    /// The resources of a type below `id_prefix`, at any depth, sorted by id. Looks at no others.
    pub(crate) fn of_kind_under(&self, kind: &str, id_prefix: &str) -> Vec<Resource> {
        let inner = self.read();
        let Some(keys) = inner.kinds.get(&kind.to_ascii_lowercase()) else {
            return Vec::new();
        };
        keys.range(below(id_prefix))
            .filter_map(|key| self.seen(inner.resources.get(key).cloned()))
            .collect()
    }

    /// Whether a resource of a type answers yes; nothing is copied.
    pub(crate) fn any_of_kind(&self, kind: &str, asks: impl Fn(&Resource) -> bool) -> bool {
        let inner = self.read();
        let keys = inner
            .kinds
            .get(&kind.to_ascii_lowercase())
            .into_iter()
            .flatten();
        keys.filter_map(|key| self.seen(inner.resources.get(key)))
            .any(asks)
    }

    /// Everything whose id lies below `id_prefix`, at any depth, without `id_prefix` itself.
    pub(crate) fn under(&self, id_prefix: &str) -> Vec<Resource> {
        self.read()
            .resources
            .range(below(id_prefix))
            .filter_map(|(_, resource)| self.seen(Some(resource.clone())))
            .collect()
    }

    /// Stores a resource; it is in the file before this returns.
    pub(crate) fn put(&self, resource: Resource) {
        let mut inner = self.lock();
        inner.record(|file| file.append_put(&resource));
        inner.index(resource);
    }

    /// Removes a resource and answers it.
    pub(crate) fn remove(&self, id: &str) -> Option<Resource> {
        let mut inner = self.lock();
        let removed = inner.unindex(&key(id))?;
        inner.record(|file| file.append_remove(&removed.id));
        Some(removed)
    }

    /// Changes one resource atomically; `None` when there is no such resource.
    pub(crate) fn update<R>(&self, id: &str, change: impl FnOnce(&mut Resource) -> R) -> Option<R> {
        let mut inner = self.lock();
        let mut resource = inner.resources.get(&key(id))?.clone();
        let answer = change(&mut resource);
        if inner.resources.get(&key(id)) != Some(&resource) {
            inner.record(|file| file.append_put(&resource));
            inner.unindex(&key(id));
            inner.index(resource);
        }
        Some(answer)
    }

    /// Where the registry data plane keeps blobs (a temporary folder for a world in memory).
    pub(crate) fn data_dir(&self) -> PathBuf {
        match &self.shared.data_dir {
            DataDir::Given(path) | DataDir::Temporary(path) => path.clone(),
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// Why the world file no longer follows the world (disk full, folder gone), if it does not.
    pub(crate) fn storage_error(&self) -> Option<String> {
        self.read().storage_error.clone()
    }

    /// The time in this world.
    pub(crate) fn clock(&self) -> &Clock {
        self.shared.origin.clock()
    }

    /// The time here: of the machine, or of the virtual clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.shared.origin.now()
    }

    /// A new GUID; `about` is the id or the path that it belongs to, see [`Origin`].
    pub(crate) fn uuid(&self, about: &str) -> Uuid {
        self.shared.origin.uuid(about)
    }

    /// Random bytes, for keys and secrets; `about` as for [`World::uuid`].
    pub(crate) fn random<const N: usize>(&self, about: &str) -> [u8; N] {
        self.shared.origin.bytes(about)
    }

    /// What times and random values follow from, for those that outlive a look at the world.
    pub(crate) fn origin(&self) -> Arc<Origin> {
        Arc::clone(&self.shared.origin)
    }

    /// What its types do outside of requests.
    pub(crate) fn control(&self) -> &dyn Control {
        self.shared.control.as_ref()
    }

    /// A writer that panicked leaves whole resources behind, so the store stays usable.
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.shared
            .inner
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> RwLockWriteGuard<'_, Inner> {
        self.shared
            .inner
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(not(test))]
    fn seen<T>(&self, found: Option<T>) -> Option<T> {
        found
    }

    #[cfg(test)]
    fn seen<T>(&self, found: Option<T>) -> Option<T> {
        let count = usize::from(found.is_some());
        self.shared
            .looked_at
            .fetch_add(count, std::sync::atomic::Ordering::Relaxed);
        found
    }

    /// How many resources were looked at since the last time this was asked.
    #[cfg(test)]
    pub(crate) fn looked_at(&self) -> usize {
        self.shared
            .looked_at
            .swap(0, std::sync::atomic::Ordering::Relaxed)
    }
}

impl TypeNames for World {
    fn canonical(&self, kind: &str) -> String {
        self.control().canonical(kind)
    }
}

impl Inner {
    /// Counts that this kept world is opened, and answers how often it was before.
    fn count_opening(&mut self) -> u64 {
        let opened = self.resources.get(OPENED_ID);
        let times = opened.and_then(|record| record.body.as_u64()).unwrap_or(0);
        let record = Resource {
            id: OPENED_ID.into(),
            kind: "Lazuli/openings".into(),
            body: (times + 1).into(),
            private: Value::Null,
        };
        self.record(|file| file.append_put(&record));
        self.index(record);
        times
    }

    fn index(&mut self, resource: Resource) {
        let key = key(&resource.id);
        self.unindex(&key);
        self.kinds
            .entry(resource.kind.to_ascii_lowercase())
            .or_default()
            .insert(key.clone());
        self.resources.insert(key, resource);
    }

    fn unindex(&mut self, key: &str) -> Option<Resource> {
        let removed = self.resources.remove(key)?;
        if let Some(keys) = self.kinds.get_mut(&removed.kind.to_ascii_lowercase()) {
            keys.remove(key);
        }
        Some(removed)
    }

    fn record(&mut self, append: impl FnOnce(&mut WorldFile) -> Result<(), WorldError>) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = append(file) {
            tracing::error!(%error, "the world file no longer follows the world");
            self.storage_error = Some(error.to_string());
        }
    }
}

fn key(id: &str) -> String {
    id.trim_end_matches('/').to_ascii_lowercase()
}

/// The keys of what lies below an id: '0' is the character after '/', so this is exactly "prefix/…".
fn below(id_prefix: &str) -> std::ops::Range<String> {
    let prefix = key(id_prefix);
    format!("{prefix}/")..format!("{prefix}0")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a folder of this machine, which no answer names; worlds with one seed must not share it"
)]
fn temporary_dir() -> Result<PathBuf, WorldError> {
    let path = std::env::temp_dir().join(format!("lazuli-emulator-{}", Uuid::new_v4().simple()));
    std::fs::create_dir_all(&path).map_err(|source| WorldError::Io {
        path: path.clone(),
        source,
    })?;
    Ok(path)
}

#[cfg(test)]
#[path = "world_tests.rs"]
pub(crate) mod tests;
