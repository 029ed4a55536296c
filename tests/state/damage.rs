//! Objects that somebody cut, edited, exchanged, removed, or that a newer version
//! wrote: each is refused with its name and the next step, and nothing is written.

use std::sync::Arc;

use lazuli_engine::{Condition, EngineError, Objects};

use super::at;
use super::service::{Fault, Faulty, memory, objects};
use crate::engine::cloud::Bench;

/// Two snapshots, and a journal of three segments: a run that was cut off, in which
/// each step waited for the one before.
async fn interrupted() -> (Bench, Arc<dyn Objects>) {
    let service = memory();
    let bench = Bench {
        objects: Some(service.clone()),
        ..Bench::new()
    };
    bench.up(at("1")).await.result.unwrap();
    bench.destroy().await.result.unwrap();
    let segments = std::sync::atomic::AtomicUsize::new(0);
    let dying = Faulty::new(service.clone(), move |_, name| {
        let is_segment = name.contains("/journal/");
        let number =
            segments.fetch_add(usize::from(is_segment), std::sync::atomic::Ordering::SeqCst);
        (is_segment && number == 3).then_some(Fault::CutOff)
    });
    let bench = Bench {
        objects: Some(dying),
        ..bench
    };
    bench.up(at("1")).await.result.unwrap_err();
    let bench = Bench {
        objects: Some(service.clone()),
        ..bench
    };
    bench.store().release_by_force("tester@bench").unwrap();
    (bench, service)
}

/// With `bytes` in the place of an object, reading is refused; then the object is restored.
async fn check(bench: &Bench, service: &dyn Objects, name: &str, bytes: &[u8], expect: &str) {
    let good = service.get(name).unwrap().unwrap();
    let damaged = service.put(name, bytes, &Condition::Is(good.tag)).unwrap();
    let before = objects(service);
    let refused = bench.store().read().expect_err(name);
    match &refused {
        EngineError::State {
            file,
            message,
            help,
        } => {
            assert!(message.contains(expect), "{name}: {message}");
            let file = file.display().to_string();
            assert!(
                file.starts_with("azblob://account/container/team/p/dev/"),
                "{file}"
            );
            assert!(help.contains("nothing was changed"), "{help}");
        }
        other => panic!("{name}: {other:?}"),
    }
    assert!(bench.preview(at("2")).await.result.is_err(), "{name}");
    assert!(objects(service) == before, "{name}: something was written");
    service
        .put(name, &good.bytes, &Condition::Is(damaged))
        .unwrap();
}

#[tokio::test]
async fn objects_that_were_cut_edited_moved_or_are_newer_are_refused() {
    let (bench, service) = interrupted().await;
    let service = &*service;
    let kept: Vec<_> = objects(service)
        .into_iter()
        .filter(|(name, _)| {
            name.contains("/snapshots/00000002-") || name.contains("/journal/00000002/")
        })
        .collect();
    assert_eq!(kept.len(), 4);
    for (name, good) in &kept {
        let header = good.iter().position(|byte| *byte == b'\n').unwrap();
        for cut in [0, header, header + 1, good.len() - 1] {
            check(&bench, service, name, &good[..cut], "").await;
        }
        for edited in [header + 1, (header + good.len()) / 2, good.len() - 1] {
            let mut bytes = good.clone();
            bytes[edited] ^= 1;
            check(&bench, service, name, &bytes, "does not open").await;
        }
        let other = kept.iter().find(|(other, _)| other != name).unwrap();
        check(&bench, service, name, &other.1, "does not open").await;
        let text = [
            &b"{\"format\":\"lazuli.sealed\",\"version\":9}"[..],
            &good[header..],
        ]
        .concat();
        check(&bench, service, name, &text, "newer Lazuli").await;
    }
    let head = service.get("p/dev/head.json").unwrap().unwrap().bytes;
    let text = String::from_utf8(head.clone()).unwrap();
    check(
        &bench,
        service,
        "p/dev/head.json",
        &head[..head.len() / 2],
        "not the head",
    )
    .await;
    let newer = text.replacen("\"version\": 1", "\"version\": 9", 1);
    check(
        &bench,
        service,
        "p/dev/head.json",
        newer.as_bytes(),
        "newer Lazuli",
    )
    .await;
    // With everything restored the state is whole.
    bench.up(at("2")).await.result.unwrap();
    bench.assert_settled();
}

#[tokio::test]
async fn a_segment_or_snapshot_that_is_gone_is_missed() {
    let (bench, service) = interrupted().await;
    let service = &*service;
    for name in [
        "p/dev/journal/00000002/00000001.sealed",
        "p/dev/snapshots/00000002-00000002.sealed",
    ] {
        let good = service.get(name).unwrap().expect(name);
        service.remove(name).unwrap();
        let error = bench.store().read().expect_err(name).to_string();
        assert!(
            error.contains("missing") || error.contains("gone"),
            "{error}"
        );
        service.put(name, &good.bytes, &Condition::Absent).unwrap();
    }
    assert_eq!(bench.state().problems(), [""; 0]);
}
