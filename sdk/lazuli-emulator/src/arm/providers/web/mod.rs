//! `Microsoft.Web`: App Service plans, web and function apps, their slots and everything below them.
//!
//! A deployment slot is a site with a parent: it has its own configuration, settings, identity and
//! container, and every child of a site exists below a slot as well. So each handler works on "the app
//! of this path" ([`sites::site_of`]), and each type is registered twice.
//!
//! | module | |
//! |---|---|
//! | `plans`, `skus` | App Service plans and what a SKU means |
//! | `sites`, `body`, `echo`, `versions`, `traits`, `naming` | an app's own resource: what is declared, what it becomes, what it shows, what it is called |
//! | `config`, `settings`, `parts`, `publishing` | the configuration under its many addresses |
//! | `slots` | exchanging two slots |
//! | `host_keys` | the keys of function apps |
//! | `network`, `actions`, `children`, `containers`, `source_controls`, `stacks` | the rest |

pub(crate) mod actions;
mod body;
mod children;
mod config;
mod containers;
mod echo;
mod host_keys;
pub(super) mod namespace;
mod naming;
mod network;
mod parts;
pub(crate) mod plans;
pub(crate) mod publishing;
mod settings;
pub(crate) mod sites;
mod skus;
mod slots;
mod source_controls;
mod stacks;
mod traits;
mod versions;

use serde_json::{Value, json};

use crate::arm::Answer;

/// App Service's lists say that there is no next page, and that the list itself has no id.
fn listing(value: Vec<Value>) -> Answer {
    Answer::ok(json!({ "value": value, "nextLink": null, "id": null }))
}
