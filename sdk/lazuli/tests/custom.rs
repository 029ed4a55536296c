//! Custom kinds as their users write them: derived builders and handles, alone
//! and beside Azure, in unit tests with their own code and with mocks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use lazuli::core::Value;
use lazuli::custom::*;
use lazuli::engine::EngineError;
use lazuli::prelude::*;
use lazuli::testing::Mocks;
use serde::{Deserialize, Serialize};

/// How heavy books may be.
#[derive(Clone, Serialize, Deserialize)]
struct Limit {
    kg: u64,
}

/// A shelf of the library.
#[derive(Serialize, Deserialize, Inputs)]
#[custom(Shelf, "library:Shelf")]
struct ShelfInputs {
    /// Says what is on it.
    label: String,
    /// Names the books on it.
    #[serde(default)]
    books: Vec<String>,
    /// Holds notes about the books.
    #[serde(default)]
    notes: BTreeMap<String, String>,
    /// Limits the weight.
    limit: Option<Limit>,
    /// Names its kind of wood.
    #[serde(rename = "type")]
    wood: Option<String>,
}

#[derive(Serialize, Deserialize, Outputs)]
#[custom(Shelf)]
struct ShelfOutputs {
    /// Where it stands.
    place: String,
    /// How many books fit.
    fits: u64,
}

/// A library that remembers the labels of its shelves.
#[derive(Clone, Default)]
struct Library {
    labels: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Custom for Library {
    type Inputs = ShelfInputs;
    type Outputs = ShelfOutputs;

    async fn create(&self, wanted: Wanted<'_, ShelfInputs>) -> Result<Made<ShelfOutputs>, Failure> {
        if wanted.inputs.label.is_empty() {
            return Err(Failure::refused("a shelf has a label"));
        }
        self.labels.lock().unwrap().push(wanted.inputs.label);
        let fits = wanted.inputs.limit.map_or(0, |limit| limit.kg * 2);
        let place = format!("aisle of {}", wanted.inputs.books.len());
        Ok(Made::new(
            format!("shelf-{}", wanted.urn.name()),
            ShelfOutputs { place, fits },
        ))
    }
}

async fn two_shelves(stack: Stack) -> Result<()> {
    let first = Shelf::builder(&stack, "first")
        .label("physics")
        .books(["a", "b"])
        .notes([("a", "torn")])
        .limit(Limit { kg: 20 })
        .wood("oak")
        .build();
    Shelf::builder(&first, "second")
        .label(first.place())
        .books(vec![first.id()])
        .limit(first.fits().map(|kg| Limit { kg }))
        .build();
    stack.export("fits", first.fits().map(|fits| fits.to_string()));
    Ok(())
}

#[tokio::test]
async fn outputs_of_one_are_inputs_of_another() {
    let library = Library::default();
    let stack = Mocks::new()
        .with(library.clone())
        .up(two_shelves)
        .await
        .unwrap();
    assert_eq!(*library.labels.lock().unwrap(), ["physics", "aisle of 2"]);
    assert_eq!(stack.output("fits"), Some(&"40".into()));
    let first = stack.resource("library:Shelf", "first").unwrap();
    assert_eq!(first.input("type"), Some("oak".into()));
    assert_eq!(first.input("notes.a"), Some("torn".into()));
    let second = stack.resource("library:Shelf", "second").unwrap();
    assert_eq!(second.input("books.0"), Some("shelf-first".into()));
    assert_eq!(second.input("limit.kg"), Some(Value::from(40_i64)));
}

#[tokio::test]
async fn azure_and_custom_kinds_live_in_one_program() {
    let both = async |stack: Stack| {
        let group = ResourceGroup::builder(&stack, "shop")
            .location("westeurope")
            .build();
        let shelf = Shelf::builder(&group, "shelf").label(group.name()).build();
        ResourceGroup::builder(&stack, "annex")
            .location(shelf.place())
            .build();
        Ok(())
    };
    let place = |_: &_| {
        Ok(Value::Map(
            [("place".to_owned(), "northeurope".into())].into(),
        ))
    };
    let mocks = Mocks::new().mocking::<ShelfInputs>().answering(place);
    let stack = mocks.up(both).await.unwrap();
    let shelf = stack.resource("library:Shelf", "shelf").unwrap();
    assert_eq!(shelf.input("label"), Some("shop".into()));
    let annex = stack
        .resource("Microsoft.Resources/resourceGroups", "annex")
        .unwrap();
    assert_eq!(annex.input("location"), Some("northeurope".into()));
}

#[tokio::test]
async fn what_is_refused_names_the_resource() {
    let nameless = async |stack: Stack| {
        Shelf::builder(&stack, "shelf").label("").build();
        Ok(())
    };
    let error = Mocks::new()
        .with(Library::default())
        .up(nameless)
        .await
        .unwrap_err();
    let EngineError::Steps { failures, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(
        (failures[0].urn.name(), failures[0].message.as_str()),
        ("shelf", "a shelf has a label")
    );
}

#[tokio::test]
async fn a_kind_that_nobody_serves_is_a_finding() {
    let error = Mocks::new().preview(two_shelves).await.unwrap_err();
    let EngineError::Program { findings, .. } = error else {
        panic!("{error}")
    };
    assert!(
        findings.iter().all(|finding| finding.code == "LZ0003"),
        "{findings:?}"
    );
}
