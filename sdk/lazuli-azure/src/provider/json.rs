//! Plain JSON: merging, comparing, and reaching dotted paths.

use serde_json::{Map, Value as Json};

/// `over` on top of `base`: objects are merged, everything else is replaced.
pub(super) fn overlay(base: Json, over: &Json) -> Json {
    match (base, over) {
        (Json::Object(mut base), Json::Object(over)) => {
            for (key, value) in over {
                let below = base.remove(key).unwrap_or(Json::Null);
                base.insert(key.clone(), overlay(below, value));
            }
            Json::Object(base)
        }
        (_, over) => over.clone(),
    }
}

/// Whether everything that is declared is so already. Ids and other texts are
/// compared without case, for Azure answers in its own.
pub(super) fn covers(current: &Json, declared: &Json) -> bool {
    match (current, declared) {
        (Json::Object(current), Json::Object(declared)) => declared.iter().all(|(key, value)| {
            current
                .get(key)
                .is_some_and(|current| covers(current, value))
        }),
        (Json::Array(current), Json::Array(declared)) => {
            current.len() == declared.len()
                && current
                    .iter()
                    .zip(declared)
                    .all(|(current, value)| covers(current, value))
        }
        (Json::String(current), Json::String(declared)) if declared.starts_with('/') => {
            current.eq_ignore_ascii_case(declared)
        }
        (current, declared) => current == declared,
    }
}

/// The value at a dotted path.
pub(super) fn at<'a>(json: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.').try_fold(json, |json, key| json.get(key))
}

/// Takes the value at a dotted path out.
pub(super) fn take(json: &mut Json, path: &str) -> Option<Json> {
    match path.split_once('.') {
        Some((key, rest)) => take(json.get_mut(key)?, rest),
        None => json.as_object_mut()?.shift_remove(path),
    }
}

/// Puts a value at a dotted path, with the objects on the way.
pub(super) fn put(json: &mut Json, path: &str, value: Json) {
    if !json.is_object() {
        *json = Json::Object(Map::new());
    }
    let Some(object) = json.as_object_mut() else {
        return;
    };
    match path.split_once('.') {
        Some((key, rest)) => put(object.entry(key).or_insert(Json::Null), rest, value),
        None => {
            object.insert(path.to_owned(), value);
        }
    }
}

/// Takes out whatever a dotted path names, where `*` is any index or key.
pub(super) fn strip(json: &mut Json, path: &str) {
    let (key, rest) = path
        .split_once('.')
        .map_or((path, None), |(key, rest)| (key, Some(rest)));
    match (json, key, rest) {
        (Json::Object(object), "*", None) => object.clear(),
        (Json::Object(object), key, None) => {
            object.shift_remove(key);
        }
        (Json::Object(object), "*", Some(rest)) => {
            object.values_mut().for_each(|value| strip(value, rest));
        }
        (Json::Object(object), key, Some(rest)) => {
            if let Some(value) = object.get_mut(key) {
                strip(value, rest);
            }
        }
        (Json::Array(list), "*", Some(rest)) => {
            list.iter_mut().for_each(|value| strip(value, rest));
        }
        _ => {}
    }
}

/// Takes out nulls, at any depth. In an answer they say "not set".
pub(super) fn without_nulls(json: Json) -> Json {
    match json {
        Json::Object(object) => {
            let members = object.into_iter().filter(|(_, value)| !value.is_null());
            Json::Object(
                members
                    .map(|(key, value)| (key, without_nulls(value)))
                    .collect(),
            )
        }
        Json::Array(list) => Json::Array(list.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_declared_wins_and_the_rest_stays() {
        let base = json!({"a": {"b": 1, "c": [1, 2]}, "d": 1});
        let over = json!({"a": {"c": [3]}, "e": null});
        assert_eq!(
            overlay(base, &over),
            json!({"a": {"b": 1, "c": [3]}, "d": 1, "e": null})
        );
    }

    #[test]
    fn declared_values_are_compared_where_they_are_declared() {
        let current = json!({"a": 1, "list": [{"x": 1, "y": 2}], "id": "/Subscriptions/S"});
        for (declared, covered) in [
            (json!({}), true),
            (json!({"a": 1, "list": [{"x": 1}]}), true),
            (json!({"id": "/subscriptions/s"}), true),
            (json!({"a": 2}), false),
            (json!({"list": []}), false),
            (json!({"b": null}), false),
        ] {
            assert_eq!(covers(&current, &declared), covered, "{declared}");
        }
    }

    #[test]
    fn paths_reach_into_lists_and_keys() {
        let mut body = json!({"etag": 1, "list": [{"etag": 1, "n": 2}], "ids": {"a": {"p": 1}}});
        for path in ["etag", "list.*.etag", "ids.*.p", "nowhere.*.x"] {
            strip(&mut body, path);
        }
        assert_eq!(body, json!({"list": [{"n": 2}], "ids": {"a": {}}}));
        assert_eq!(take(&mut body, "ids.a"), Some(json!({})));
        put(&mut body, "x.y", json!(1));
        assert_eq!(body, json!({"list": [{"n": 2}], "ids": {}, "x": {"y": 1}}));
        assert_eq!(
            without_nulls(json!({"a": null, "b": [{"c": null}]})),
            json!({"b": [{}]})
        );
    }
}
