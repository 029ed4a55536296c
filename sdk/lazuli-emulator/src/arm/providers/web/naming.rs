//! What an app is called: its resource name, its hosts, its publishing users. A slot has all of its own.

use crate::wire::ids::Target;
use crate::world::Resource;

/// Public suffix of every app.
const SUFFIX: &str = "azurewebsites.net";

/// A site, or one slot of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AppName {
    pub(super) site: String,
    pub(super) slot: Option<String>,
}

impl AppName {
    /// The app that a path names, or lies below.
    pub(super) fn of_target(target: &Target) -> AppName {
        let is_slot = target
            .kind
            .to_ascii_lowercase()
            .starts_with("microsoft.web/sites/slots");
        AppName {
            site: target.names.first().cloned().unwrap_or_default(),
            slot: target.names.get(1).filter(|_| is_slot).cloned(),
        }
    }

    pub(super) fn of(app: &Resource) -> AppName {
        let mut parts = app.id.rsplit('/');
        let last = parts.next().unwrap_or_default().to_owned();
        if !parts
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("slots"))
        {
            return AppName {
                site: last,
                slot: None,
            };
        }
        AppName {
            site: parts.next().unwrap_or_default().to_owned(),
            slot: Some(last),
        }
    }

    /// `site` or `site/slot`: the ARM name.
    pub(super) fn resource(&self) -> String {
        self.joined("/", "")
    }

    /// `site` or `site(slot)`: the name among the properties.
    pub(super) fn shown(&self) -> String {
        self.joined("(", ")")
    }

    /// `site` or `site__slot`: the publishing user without its `$`.
    pub(super) fn user(&self) -> String {
        self.joined("__", "")
    }

    /// The public host name.
    pub(super) fn host(&self) -> String {
        format!("{}.{SUFFIX}", self.joined("-", "")).to_lowercase()
    }

    /// The host of deployment and logs.
    pub(super) fn scm_host(&self) -> String {
        format!("{}.scm.{SUFFIX}", self.joined("-", "")).to_lowercase()
    }

    fn joined(&self, before: &str, after: &str) -> String {
        match &self.slot {
            Some(slot) => format!("{}{before}{slot}{after}", self.site),
            None => self.site.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_has_names_of_its_own() {
        let check = |slot: Option<&str>, expect: [&str; 5]| {
            let name = AppName {
                site: "Web".into(),
                slot: slot.map(str::to_owned),
            };
            let names = [
                name.resource(),
                name.shown(),
                name.user(),
                name.host(),
                name.scm_host(),
            ];
            assert_eq!(names, expect);
        };
        check(
            None,
            [
                "Web",
                "Web",
                "Web",
                "web.azurewebsites.net",
                "web.scm.azurewebsites.net",
            ],
        );
        check(
            Some("staging"),
            [
                "Web/staging",
                "Web(staging)",
                "Web__staging",
                "web-staging.azurewebsites.net",
                "web-staging.scm.azurewebsites.net",
            ],
        );
    }
}
