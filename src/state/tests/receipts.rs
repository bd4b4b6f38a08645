//! What is created once and then edited, and what a service answered for it.

use super::*;

/// A note of the key, as it was at a time.
fn note(key: &str, time: i64, text: &str) -> Operation {
    let payload = if text.is_empty() {
        Value::from_json(r#"{"deleted":true}"#).unwrap()
    } else {
        Value::from_json(&format!(r#"{{"text":"{text}"}}"#)).unwrap()
    };
    Operation {
        sink: "brevo.notes".into(),
        sink_index: 1,
        scope: "brevo.notes".into(),
        policy: Policy::Edited,
        version: Version {
            order: Order::Missing,
            time: Some(time),
        },
        payload,
        happened_at: Some(time),
        ..event("jane", key, time)
    }
}

fn made(receipt: &str) -> Settlement {
    Settlement::Made {
        receipt: receipt.into(),
    }
}

fn receipts(sent: &[Operation]) -> Vec<Option<&str>> {
    sent.iter().map(|one| one.receipt.as_deref()).collect()
}

#[tokio::test]
async fn an_edit_knows_what_was_made_and_an_unchanged_one_is_not_sent() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    let first = bench.commit(&lease, vec![note("1", 1, "a")]).await;
    assert_eq!(first, [Decision::Queued(Change::New)]);
    assert_eq!(receipts(&bench.deliver(&lease, &made("n1")).await), [None]);
    let again = vec![note("1", 1, "a"), note("1", 2, "a"), note("1", 1, "b")];
    assert_eq!(
        bench.commit(&lease, again).await,
        [Decision::Unchanged, Decision::Unchanged, Decision::Older]
    );
    let bench = bench.reopen();
    bench.pass(60_001);
    let lease = bench.run("a").await;
    let edit = bench.commit(&lease, vec![note("1", 3, "c")]).await;
    assert_eq!(edit, [Decision::Queued(Change::Changed)]);
    let sent = bench.deliver(&lease, &Settlement::Applied).await;
    assert_eq!(receipts(&sent), [Some("n1")]);
    // It was gone and was made anew; then it is deleted, and comes back.
    bench.commit(&lease, vec![note("1", 4, "d")]).await;
    bench.deliver(&lease, &made("n2")).await;
    bench.commit(&lease, vec![note("1", 4, "")]).await;
    let sent = bench.deliver(&lease, &Settlement::Gone).await;
    assert!(sent[0].deletes());
    assert_eq!(receipts(&sent), [Some("n2")]);
    bench.commit(&lease, vec![note("1", 5, "e")]).await;
    assert_eq!(receipts(&bench.deliver(&lease, &made("n3")).await), [None]);
}

#[tokio::test]
async fn what_creates_is_never_sent_twice_and_its_edit_waits() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    bench.commit(&lease, vec![note("1", 1, "a")]).await;
    let rows = bench.due(&lease, 0).await;
    bench.store.sending(&lease, &rows, 1_000).await.unwrap();
    let bench = bench.reopen();
    bench.pass(60_001);
    let lease = bench.run("a").await;
    bench.commit(&lease, vec![note("1", 2, "b")]).await;
    let due = bench.store.due(&lease, 6_000, 10).await.unwrap();
    assert_eq!(due.rows.len(), 1, "{due:?}");
    assert_eq!(due.rows[0].state, RowState::Unknown);
    let settled = vec![(rows[0], made("n1"))];
    bench.store.settle(&lease, settled, 0).await.unwrap();
    let sent = bench.deliver(&lease, &Settlement::Applied).await;
    assert_eq!(receipts(&sent), [Some("n1")]);
    assert_eq!(sent[0].payload, note("1", 2, "b").payload);
}

#[tokio::test]
async fn of_what_waits_the_newest_creates() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    bench.commit(&lease, vec![note("1", 1, "a")]).await;
    bench.commit(&lease, vec![note("1", 2, "b")]).await;
    let sent = bench.deliver(&lease, &made("n1")).await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].payload, note("1", 2, "b").payload);
}

#[tokio::test]
async fn what_is_too_old_or_deleted_before_it_was_seen_is_never_created() {
    for hold in [false, true] {
        let bench = Bench::new();
        let lease = bench.run("a").await;
        let operations = vec![note("1", 400, "a"), note("2", 900, ""), note("3", 900, "c")];
        let foreseen = bench.reader().decide(&sinks(Some(500)), &operations).await;
        let decided = [
            Decision::MarkedKnown,
            Decision::Known,
            Decision::Queued(Change::New),
        ];
        assert_eq!(foreseen.unwrap(), decided);
        let commit = Commit {
            operations,
            sinks: sinks(Some(500)),
            hold,
            ..Commit::default()
        };
        let found = bench.store.commit(&lease, Arc::new(commit)).await.unwrap();
        assert_eq!(found, decided);
        if hold {
            let held = Held::Deliver {
                cursors: Vec::new(),
            };
            bench.store.held(&lease, held, 0).await.unwrap();
        }
        assert_eq!(bench.deliver(&lease, &made("n3")).await.len(), 1);
        let later = vec![
            note("1", 901, "b"),
            note("2", 899, "x"),
            note("2", 901, "y"),
        ];
        assert_eq!(
            bench.commit(&lease, later).await,
            [
                Decision::Known,
                Decision::Older,
                Decision::Queued(Change::Changed)
            ],
            "hold: {hold}"
        );
    }
}

#[tokio::test]
async fn what_has_begun_goes_on_with_what_is_kept_of_it_also_after_a_crash() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    bench.commit(&lease, vec![event("jane", "1", 900)]).await;
    let rows = bench.due(&lease, 0).await;
    bench.store.sending(&lease, &rows, 0).await.unwrap();
    let begun = Settlement::Begun {
        receipt: "c1".into(),
    };
    let settled = vec![(rows[0], begun)];
    bench.store.settle(&lease, settled, 0).await.unwrap();
    let bench = bench.reopen();
    bench.pass(60_001);
    let lease = bench.run("a").await;
    let sent = bench.deliver(&lease, &Settlement::Applied).await;
    assert_eq!(receipts(&sent), [Some("c1")]);
    assert_eq!(
        bench.commit(&lease, vec![event("jane", "1", 900)]).await,
        [Decision::Known]
    );
}
