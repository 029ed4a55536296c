//! Killed behind every entry of the journal, the next `up` finishes the job.

use lazuli_engine::{EngineError, Operation};

use super::bench::{Bench, Watch};
use super::topology::Without;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_journal_boundary_the_next_up_converges() {
    let whole = Bench::new().await;
    let mut watch = Watch::default();
    whole
        .run(Operation::Up, Without::Nothing, &mut watch)
        .await
        .unwrap();
    assert_eq!(watch.boundaries, 26, "two for each resource");
    for kill_at in 1..=watch.boundaries {
        let bench = Bench::new().await;
        let mut killed = Watch {
            kill_at: Some(kill_at),
            ..Watch::default()
        };
        let result = bench
            .run(Operation::Up, Without::Nothing, &mut killed)
            .await;
        // The last boundary may be past the end of the work.
        assert!(
            matches!(result, Err(EngineError::Stopped { .. })) || kill_at == watch.boundaries,
            "{result:?}"
        );
        bench.up(Without::Nothing).await;
        bench.assert_settled();
        assert_eq!(bench.page().await.0, 200, "killed at {kill_at}");
        assert_eq!(
            bench.up(Without::Nothing).await.change_count(),
            0,
            "killed at {kill_at}"
        );
    }
}
