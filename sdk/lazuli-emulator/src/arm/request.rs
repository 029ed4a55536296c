//! A request as handlers see it: decoded, signed in, and aimed at a resource.

use http::{HeaderMap, Method};
use serde_json::Value;

use super::Answer;
use super::errors::{invalid_content, resource_not_found};
use super::ids::Target;
use crate::world::{Resource, World};

/// A request as the server received it, body complete.
pub(crate) struct Incoming {
    pub(crate) method: Method,
    /// Path without query, still percent-encoded.
    pub(crate) path: String,
    /// Query without the question mark.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// The address the caller used, `https://host:port`, for absolute URLs in answers.
    pub(crate) base: String,
}

impl Incoming {
    /// A query parameter; names are case-insensitive.
    pub(crate) fn query_value(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.into_owned())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Who calls: an object of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Object id, what role assignments name.
    pub(crate) principal: String,
    /// Application (client) id, what error messages name.
    pub(crate) client: String,
}

/// One call of a provider.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a World,
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
            (Some(given), Some(stored)) if !super::providers::same_location(given, stored) => {
                let message = format!(
                    "The resource '{}' already exists in location '{stored}' in resource group '{}'. A resource with the same name cannot be created in location '{given}'. Please select a new resource name.",
                    self.target.name(),
                    self.target.group().unwrap_or_default(),
                );
                Err(Answer::error(409, "InvalidResourceLocation", message))
            }
            (Some(given), _) => {
                super::providers::location_name(given).map_err(|_| self.no_such_location(given))
            }
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
            super::providers::location_names().join(","),
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
