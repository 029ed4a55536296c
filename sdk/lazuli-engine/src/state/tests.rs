use super::*;

fn started(operation: u64, op: Op, name: &str) -> Entry {
    let in_flight = InFlight {
        op,
        resource: sample(name).into(),
        token: None,
        members: Vec::new(),
    };
    Entry::Started {
        operation,
        in_flight: Box::new(in_flight),
    }
}

#[test]
fn a_create_is_in_flight_until_it_ends() {
    let mut state = State::default();
    state.apply(&started(1, Op::Create, "a")).unwrap();
    state
        .apply(&Entry::Accepted {
            operation: 1,
            token: Value::from("op"),
        })
        .unwrap();
    assert_eq!(state.in_flight[&1].token, Some(Value::from("op")));
    assert!(state.resources.is_empty());
    state
        .apply(&Entry::Ended {
            operation: 1,
            outcome: Outcome::Is(sample("a").into()),
        })
        .unwrap();
    assert!(state.in_flight.is_empty());
    assert_eq!(state.resources.len(), 1);
}

#[test]
fn a_failed_operation_changes_nothing_but_its_own_entry() {
    let mut state = State::default();
    state
        .apply(&Entry::Noted {
            from: None,
            resource: sample("a").into(),
        })
        .unwrap();
    let before = state.resources.clone();
    state.apply(&started(9, Op::Delete, "a")).unwrap();
    state
        .apply(&Entry::Ended {
            operation: 9,
            outcome: Outcome::Nothing,
        })
        .unwrap();
    assert_eq!(state.resources, before);
    assert!(state.in_flight.is_empty());
}

#[test]
fn a_superseded_resource_waits_for_its_deletion() {
    let mut state = State::default();
    state
        .apply(&Entry::Noted {
            from: None,
            resource: sample("a").into(),
        })
        .unwrap();
    let new = Resource {
        id: "id-new".into(),
        ..sample("a")
    };
    state
        .apply(&started(1, Op::CreateReplacement, "a"))
        .unwrap();
    state
        .apply(&Entry::Ended {
            operation: 1,
            outcome: Outcome::Superseded(new.into()),
        })
        .unwrap();
    assert_eq!(state.superseded["id-a"].id, "id-a");
    state.apply(&started(2, Op::DeleteReplaced, "a")).unwrap();
    state
        .apply(&Entry::Ended {
            operation: 2,
            outcome: Outcome::Gone,
        })
        .unwrap();
    assert!(state.superseded.is_empty());
    assert_eq!(
        state.resources.values().next().map(|r| r.id.as_str()),
        Some("id-new")
    );
}

#[test]
fn a_move_is_followed_by_every_edge() {
    let mut state = State::default();
    let child = Resource {
        depends_on: vec![sample("a").urn],
        parent: Some(sample("a").urn),
        ..sample("b")
    };
    state
        .apply(&Entry::Noted {
            from: None,
            resource: sample("a").into(),
        })
        .unwrap();
    state
        .apply(&Entry::Noted {
            from: None,
            resource: child.into(),
        })
        .unwrap();
    let moved = sample("c");
    state
        .apply(&Entry::Noted {
            from: Some(sample("a").urn),
            resource: moved.clone().into(),
        })
        .unwrap();
    let child = &state.resources[&sample("b").urn];
    assert_eq!(
        (&child.depends_on[0], child.parent.as_ref()),
        (&moved.urn, Some(&moved.urn))
    );
    assert!(!state.resources.contains_key(&sample("a").urn));
}

/// A life of three resources, as a run writes it.
fn life() -> Vec<Entry> {
    let is = |operation, resource: Resource| Entry::Ended {
        operation,
        outcome: Outcome::Is(resource.into()),
    };
    let accepted = |operation| Entry::Accepted {
        operation,
        token: Value::from("op"),
    };
    let gone = |operation| Entry::Ended {
        operation,
        outcome: Outcome::Gone,
    };
    let second = Resource {
        id: "id-a2".into(),
        ..sample("a")
    };
    vec![
        started(1, Op::Create, "a"),
        accepted(1),
        started(2, Op::Create, "b"),
        is(1, sample("a")),
        is(2, sample("b")),
        Entry::Noted {
            from: Some(sample("b").urn),
            resource: Resource {
                id: "id-b".into(),
                ..sample("c")
            }
            .into(),
        },
        started(3, Op::CreateReplacement, "a"),
        Entry::Ended {
            operation: 3,
            outcome: Outcome::Superseded(second.into()),
        },
        started(4, Op::DeleteReplaced, "a"),
        accepted(4),
        gone(4),
        started(5, Op::Update, "c"),
        is(5, sample("c")),
        Entry::Forgotten {
            urn: sample("c").urn,
            id: "id-c".into(),
        },
        Entry::Exports {
            values: BTreeMap::new(),
        },
    ]
}

/// What must be refused, decided without the state: by the entries that were taken before.
fn oracle(before: &[&Entry], next: &Entry) -> Option<&'static str> {
    let open = |number: u64| {
        let about = before.iter().filter(|one| one.operation() == Some(number));
        about.fold(None, |open, entry| match entry {
            Entry::Started { in_flight, .. } => Some(in_flight.op),
            Entry::Ended { .. } => None,
            _ => open,
        })
    };
    match next {
        Entry::Started { operation, .. } => {
            open(*operation).map(|_| "starts, but it is open already")
        }
        Entry::Accepted { operation, .. } => {
            open(*operation).is_none().then_some("is accepted, but")
        }
        Entry::Ended { operation, .. } => open(*operation).is_none().then_some("ends, but"),
        Entry::Noted { .. } | Entry::Forgotten { .. } | Entry::Exports { .. } => None,
    }
}

/// Applies entries one by one; what the oracle refuses is refused by that name, and
/// what is refused changes nothing.
fn replayed(entries: &[Entry]) -> usize {
    let mut state = State::default();
    let mut taken: Vec<&Entry> = Vec::new();
    let mut refused = 0;
    for entry in entries {
        let before = state.clone();
        match (oracle(&taken, entry), state.apply(entry)) {
            (None, Ok(())) => taken.push(entry),
            (Some(expect), Err(illegal)) => {
                assert!(illegal.to_string().contains(expect), "{illegal}: {entry:?}");
                assert_eq!(state, before);
                refused += 1;
            }
            // What resources there are, and how an operation may end (numbers come back in
            // another run), is the state's to say; tests of their own cover both.
            (None, Err(illegal)) => {
                assert!(
                    matches!(
                        illegal,
                        Illegal::WrongOutcome { .. }
                            | Illegal::OtherResource { .. }
                            | Illegal::MovedFromNowhere(_)
                            | Illegal::MovedOntoAnother { .. }
                            | Illegal::ForgottenUnknown { .. }
                    ),
                    "{illegal}: {entry:?}"
                );
                assert_eq!(state, before);
                refused += 1;
            }
            (Some(expect), Ok(())) => panic!("{expect}: {entry:?} was taken"),
        }
        assert_eq!(state.serial, taken.len() as u64);
    }
    refused
}

#[test]
fn every_illegal_entry_of_a_shuffled_journal_is_named_and_changes_nothing() {
    let life = life();
    assert_eq!(replayed(&life), 0);
    for at in 0..life.len() {
        let mut dropped = life.clone();
        dropped.remove(at);
        let mut doubled = life.clone();
        doubled.insert(at, life[at].clone());
        let is_start = matches!(life[at], Entry::Started { .. });
        assert!(replayed(&dropped) > 0 || !is_start, "without entry {at}");
        let only_once = matches!(
            life[at],
            Entry::Started { .. } | Entry::Ended { .. } | Entry::Forgotten { .. }
        );
        assert!(replayed(&doubled) > 0 || !only_once, "entry {at} twice");
    }
    // A plain generator: every failure is the seed that it names.
    for seed in 0..2_000_u64 {
        let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut below = |limit: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random % limit as u64).unwrap()
        };
        let mut shuffled = life.clone();
        for _ in 0..=below(12) {
            let (a, b) = (below(shuffled.len()), below(shuffled.len()));
            match below(3) {
                0 => shuffled.swap(a, b),
                1 => drop(shuffled.remove(a)),
                _ => shuffled.insert(a, shuffled[b].clone()),
            }
        }
        let result = std::panic::catch_unwind(|| replayed(&shuffled));
        assert!(result.is_ok(), "seed {seed}");
    }
}

#[test]
fn an_operation_ends_with_its_own_resource_and_in_a_way_of_its_own() {
    let illegal = |op, outcome| {
        let mut state = State::default();
        state.apply(&started(1, op, "a")).unwrap();
        let ended = Entry::Ended {
            operation: 1,
            outcome,
        };
        state.apply(&ended).unwrap_err().to_string()
    };
    let is = |name| Outcome::Is(sample(name).into());
    assert_eq!(
        illegal(Op::Create, Outcome::Gone),
        "operation 1 (create) cannot end with `gone`"
    );
    assert_eq!(
        illegal(Op::Delete, is("a")),
        "operation 1 (delete) cannot end with `is`"
    );
    assert!(illegal(Op::Update, is("b")).contains("started with"));
}

#[test]
fn a_move_onto_another_resource_is_refused() {
    let mut state = State::default();
    for name in ["a", "b"] {
        let noted = Entry::Noted {
            from: None,
            resource: sample(name).into(),
        };
        state.apply(&noted).unwrap();
    }
    let resource = Resource {
        id: "id-a".into(),
        ..sample("b")
    };
    let moved = Entry::Noted {
        from: Some(sample("a").urn),
        resource: resource.into(),
    };
    let illegal = state.apply(&moved).unwrap_err();
    assert!(
        illegal.to_string().contains("another resource"),
        "{illegal}"
    );
    assert_eq!(state.resources.len(), 2);
}
