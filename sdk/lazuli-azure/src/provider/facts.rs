//! What the engine asks of a type: immutable inputs, sets, texts without case,
//! and outputs that an update cannot change. All of it from the type's record.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use lazuli_arm::ResourceType;
use lazuli_core::TypeSchema;

use crate::generated::{RECORDS, record};
use crate::record::Record;

/// Of every type of ARM (ARM contract): a resource does not move, and its id,
/// name and type are what it was asked for by.
const IMMUTABLE: [&str; 1] = ["location"];
const IGNORE_CASE: [&str; 4] = ["location", "sku.name", "sku.tier", "identity.type"];
const STABLE: [&str; 4] = ["id", "name", "type", "location"];

/// The schema of a type, built once. Of a type without a record, only what holds for
/// all of ARM is known; whatever else is immutable there, Azure says when it is changed.
pub(super) fn of(ty: &str) -> Arc<TypeSchema> {
    static KNOWN: LazyLock<HashMap<ResourceType<'static>, Arc<TypeSchema>>> = LazyLock::new(|| {
        let known = RECORDS.iter();
        known
            .map(|record| (record.ty, Arc::new(with(every(), record))))
            .collect()
    });
    static OTHER: LazyLock<Arc<TypeSchema>> = LazyLock::new(|| Arc::new(every()));
    let known = record(ty).and_then(|record| KNOWN.get(&record.ty));
    known.unwrap_or(&OTHER).clone()
}

fn every() -> TypeSchema {
    TypeSchema {
        immutable: owned(&IMMUTABLE),
        ignore_case: owned(&IGNORE_CASE),
        stable_outputs: STABLE.map(|path| (path.to_owned(), Vec::new())).into(),
        // Old and new would have one name, and names are ids.
        delete_before_replace: true,
        ..TypeSchema::default()
    }
}

fn with(mut facts: TypeSchema, record: &Record) -> TypeSchema {
    facts.immutable.extend(owned(record.immutable));
    facts.sets.extend(owned(record.sets));
    let keys = record.keys.iter();
    facts
        .keys
        .extend(keys.map(|(list, key)| ((*list).to_owned(), (*key).to_owned())));
    let equality = record.equality;
    // Ids, GUIDs and locations are texts without case to the engine.
    for paths in [
        equality.case,
        equality.ids,
        equality.guids,
        equality.locations,
    ] {
        facts.ignore_case.extend(owned(paths));
    }
    let stable = record.stable.iter();
    facts
        .stable_outputs
        .extend(stable.map(|(path, void)| ((*path).to_owned(), owned(void))));
    let not_returned = record.not_returned.iter();
    facts
        .write_only
        .extend(not_returned.map(|not_returned| not_returned.path.to_owned()));
    facts
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_found_whatever_the_casing() {
        let facts = of("microsoft.web/SITES");
        assert!(facts.immutable.contains(&"location".to_owned()));
        assert!(facts.delete_before_replace);
        let principal = (
            "identity.principalId".to_owned(),
            vec!["identity".to_owned()],
        );
        assert!(facts.stable_outputs.contains(&principal));
        assert_eq!(of("Microsoft.X/y").immutable, ["location"]);
    }
}
