//! What sources keep of things that cannot be asked for what changed: comments of issues, worklogs.

use super::*;
use crate::connectors::Known;

fn told(source: &str, owner: &str, parts: &[&str]) -> SourceKnown {
    SourceKnown {
        source: source.into(),
        known: Known {
            owner: owner.into(),
            parts: parts.iter().map(|part| Arc::from(*part)).collect(),
        },
    }
}

async fn keep(bench: &Bench, lease: &Lease, known: Vec<SourceKnown>, how: Commit) {
    let commit = Commit { known, ..how };
    bench.store.commit(lease, Arc::new(commit)).await.unwrap();
}

/// What is known of the issues 1 and 2, each's parts joined.
async fn known(bench: &Bench, lease: &Lease) -> [String; 2] {
    let owners: [Arc<str>; 2] = ["1".into(), "2".into()];
    let known = bench.store.known(lease, "comments", &owners).await.unwrap();
    let parts = known.iter().map(|one| one.parts.join(" "));
    assert!(
        known
            .iter()
            .zip(&owners)
            .all(|(one, owner)| one.owner == *owner)
    );
    parts.collect::<Vec<_>>().try_into().unwrap()
}

async fn finish(bench: &Bench, lease: &Lease) {
    let run = RunRecord::default();
    bench.store.finish(lease, &run).await.unwrap();
}

#[tokio::test]
async fn parts_are_kept_by_owner_changed_and_forgotten_with_the_last() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    assert_eq!(known(&bench, &lease).await, ["", ""]);
    let both = vec![
        told("comments", "1", &["10:5", "11:"]),
        told("comments", "2", &["20:7"]),
    ];
    keep(&bench, &lease, both, Commit::default()).await;
    assert_eq!(known(&bench, &lease).await, ["10:5 11:", "20:7"]);
    // An edited comment, and an issue whose last one is gone.
    let changed = vec![
        told("comments", "1", &["10:6", "11:"]),
        told("comments", "2", &[]),
    ];
    keep(&bench, &lease, changed, Commit::default()).await;
    assert_eq!(known(&bench, &lease).await, ["10:6 11:", ""]);
    finish(&bench, &lease).await;
    let bench = bench.reopen();
    let lease = bench.run("a").await;
    assert_eq!(known(&bench, &lease).await, ["10:6 11:", ""]);
}

#[tokio::test]
async fn each_source_of_each_pipeline_knows_its_own() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    let both = vec![
        told("comments", "1", &["10:5"]),
        told("worklogs", "1", &["10001:9"]),
    ];
    keep(&bench, &lease, both, Commit::default()).await;
    let owners: [Arc<str>; 1] = ["1".into()];
    let worklogs = bench.store.known(&lease, "worklogs", &owners).await;
    assert_eq!(&*worklogs.unwrap()[0].parts[0], "10001:9");
    let other = bench.run("b").await;
    assert_eq!(known(&bench, &other).await, ["", ""]);
    // Who only looks sees the same.
    let lane = Lane::of("a");
    let seen = bench.reader().known_of(&lane, "comments", &owners).await;
    assert_eq!(&*seen.unwrap()[0].parts[0], "10:5");
    let unknown = Lane::of("c");
    let seen = bench.reader().known_of(&unknown, "comments", &owners).await;
    assert!(seen.unwrap()[0].parts.is_empty());
}

#[tokio::test]
async fn a_guarded_run_knows_only_once_it_is_let_through() {
    for deliver in [true, false] {
        let bench = Bench::new();
        let lease = bench.run("a").await;
        let before = vec![
            told("comments", "1", &["10:5"]),
            told("comments", "2", &["20:7"]),
        ];
        keep(&bench, &lease, before, Commit::default()).await;
        // A guard holds back an edit and a deletion.
        let held = vec![told("comments", "1", &["10:6"]), told("comments", "2", &[])];
        let how = Commit {
            hold: true,
            ..Commit::default()
        };
        keep(&bench, &lease, held, how).await;
        assert_eq!(known(&bench, &lease).await, ["10:5", "20:7"]);
        let (held, after) = match deliver {
            true => (Held::Deliver { cursors: vec![] }, ["10:6", ""]),
            // The next run finds the same again.
            false => (Held::Discard, ["10:5", "20:7"]),
        };
        bench.store.held(&lease, held, 0).await.unwrap();
        assert_eq!(known(&bench, &lease).await, after);
        finish(&bench, &lease).await;
        let bench = bench.reopen();
        let lease = bench.run("a").await;
        assert_eq!(known(&bench, &lease).await, after);
    }
}

#[tokio::test]
async fn what_waits_for_the_end_of_the_sources_counts_with_it() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    let waits = || Commit {
        waits: true,
        ..Commit::default()
    };
    // More than are settled at once.
    let many = (0..1_200).map(|id| told("comments", &id.to_string(), &["1:1"]));
    keep(&bench, &lease, many.collect(), waits()).await;
    assert_eq!(known(&bench, &lease).await, ["", ""]);
    let settles = Commit {
        settles: true,
        ..waits()
    };
    keep(&bench, &lease, vec![told("comments", "2", &[])], settles).await;
    // The later word on the second issue is that it has none.
    assert_eq!(known(&bench, &lease).await, ["1:1", ""]);
    let owners: Vec<Arc<str>> = (0..1_200).map(|id| id.to_string().into()).collect();
    let all = bench
        .store
        .known(&lease, "comments", &owners)
        .await
        .unwrap();
    let some = all.iter().filter(|one| !one.parts.is_empty());
    assert_eq!(some.count(), 1_199);
}

#[tokio::test]
async fn what_a_run_that_died_held_back_never_was() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    let how = Commit {
        waits: true,
        ..Commit::default()
    };
    keep(&bench, &lease, vec![told("comments", "1", &["10:5"])], how).await;
    let bench = bench.reopen();
    bench.pass(120_000);
    let lease = bench.run("a").await;
    let settles = Commit {
        settles: true,
        ..Commit::default()
    };
    keep(&bench, &lease, Vec::new(), settles).await;
    assert_eq!(known(&bench, &lease).await, ["", ""]);
}

#[tokio::test]
async fn moving_a_cursor_back_keeps_what_is_known_and_forgetting_does_not() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    keep(
        &bench,
        &lease,
        vec![told("comments", "1", &["10:5"])],
        Commit::default(),
    )
    .await;
    finish(&bench, &lease).await;
    bench.store.reset("a", Reset::Cursors).await.unwrap();
    let lease = bench.run("a").await;
    assert_eq!(known(&bench, &lease).await, ["10:5", ""]);
    finish(&bench, &lease).await;
    bench.store.reset("a", Reset::ForgetSent).await.unwrap();
    let lease = bench.run("a").await;
    assert_eq!(known(&bench, &lease).await, ["", ""]);
}
