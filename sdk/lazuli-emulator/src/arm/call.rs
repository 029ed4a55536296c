//! A request as handlers see it: decoded, signed in, and aimed at a resource.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::conditions::Conditions;
use crate::wire::errors::{invalid_content, resource_not_found};
use crate::wire::ids::Target;
use crate::wire::locations::{location_name, location_names, same_location};
use crate::wire::{Answer, Caller, Incoming};
use crate::world::{Resource, World};

/// One call of a provider.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a World,
    pub(crate) conditions: &'a Conditions,
    pub(crate) incoming: &'a Incoming,
    pub(crate) target: Target,
    pub(crate) api_version: String,
    /// Null when the request had no body.
    pub(crate) body: Value,
    pub(crate) caller: Caller,
}

impl Call<'_> {
    pub(crate) fn method(&self) -> &str {
        self.incoming.method.as_str()
    }

    pub(crate) fn id(&self) -> String {
        self.target.id()
    }

    /// The time of this emulator.
    pub(crate) fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// A new GUID for the target.
    pub(crate) fn uuid(&self) -> Uuid {
        self.world.uuid(&self.target.id())
    }

    pub(crate) fn existing(&self) -> Option<Resource> {
        self.world.get(&self.target.id())
    }

    pub(crate) fn not_found(&self) -> Answer {
        resource_not_found(&self.target.kind, &self.target.names, self.target.group())
    }

    /// The stored resource, or Azure's 404.
    pub(crate) fn required(&self) -> Result<Resource, Answer> {
        self.existing().ok_or_else(|| self.not_found())
    }

    /// The body, which must be an object.
    pub(crate) fn object(&self) -> Result<&Value, Answer> {
        if self.body.is_object() {
            return Ok(&self.body);
        }
        Err(invalid_content(
            "The request content was invalid and could not be deserialized: a JSON object is required.",
        ))
    }

    /// `location` of the body, else of the stored resource; Azure's complaint when there is neither.
    pub(crate) fn location(&self, existing: Option<&Resource>) -> Result<String, Answer> {
        let given = self.body["location"]
            .as_str()
            .filter(|text| !text.is_empty());
        let stored = existing.and_then(|resource| resource.text("/location"));
        match (given, stored) {
            (Some(given), Some(stored)) if !same_location(given, stored) => {
                let message = format!(
                    "The resource '{}' already exists in location '{stored}' in resource group '{}'. A resource with the same name cannot be created in location '{given}'. Please select a new resource name.",
                    self.target.name(),
                    self.target.group().unwrap_or_default(),
                );
                Err(Answer::error(409, "InvalidResourceLocation", message))
            }
            (Some(given), _) => location_name(given).map_err(|_| self.no_such_location(given)),
            (None, Some(stored)) => Ok(stored.to_owned()),
            (None, None) => Err(Answer::error(
                400,
                "LocationRequired",
                "The location property is required for this definition.",
            )),
        }
    }

    fn no_such_location(&self, given: &str) -> Answer {
        let message = format!(
            "The provided location '{given}' is not available for resource type '{}'. List of available regions for the resource type is '{}'.",
            self.target.kind,
            location_names().join(","),
        );
        Answer::error(400, "LocationNotAvailableForResourceType", message)
    }

    /// Tags of the body, `None` when the request does not speak of them.
    pub(crate) fn tags(&self) -> Option<Value> {
        self.body
            .get("tags")
            .filter(|tags| tags.is_object())
            .cloned()
    }
}
