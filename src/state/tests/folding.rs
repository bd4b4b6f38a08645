//! What becomes of an operation, given what is known.

use proptest::prelude::*;

use super::*;

const NEW: Decision = Decision::Queued(Change::New);
const CHANGED: Decision = Decision::Queued(Change::Changed);

#[tokio::test]
async fn an_event_is_queued_once_and_known_ever_after() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    let made = bench
        .commit(
            &lease,
            vec![event("jane", "1", 900), event("jane", "1", 900)],
        )
        .await;
    assert_eq!(made, [NEW, Decision::Known]);
    assert_eq!(bench.deliver(&lease, &Settlement::Applied).await.len(), 1);
    let again = bench.commit(&lease, vec![event("jane", "1", 900)]).await;
    assert_eq!(again, [Decision::Known]);
    assert!(bench.deliver(&lease, &Settlement::Applied).await.is_empty());
}

#[tokio::test]
async fn what_happened_before_the_first_run_is_marked_as_known() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    let commit = |operations| {
        Arc::new(Commit {
            operations,
            sinks: sinks(Some(500)),
            ..Commit::default()
        })
    };
    let old_and_new = commit(vec![event("jane", "1", 499), event("jane", "2", 500)]);
    let made = bench.store.commit(&lease, old_and_new).await.unwrap();
    assert_eq!(made, [Decision::MarkedKnown, NEW]);
    let sent = bench.deliver(&lease, &Settlement::Applied).await;
    assert_eq!(sent.iter().map(|one| &*one.key).collect::<Vec<_>>(), ["2"]);
    assert_eq!(
        bench.commit(&lease, vec![event("jane", "1", 499)]).await,
        [Decision::Known]
    );
}

#[tokio::test]
async fn a_contact_is_sent_when_it_changes_and_an_older_record_never_overwrites() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    let of = |order, status| vec![contact("jane", order, status, &[22])];
    assert_eq!(bench.commit(&lease, of(2, "Done")).await, [NEW]);
    assert_eq!(
        bench.deliver(&lease, &Settlement::Applied).await,
        of(2, "Done")
    );
    assert_eq!(
        bench.commit(&lease, of(3, "Done")).await,
        [Decision::Unchanged]
    );
    // The unchanged one was newer, and that counts.
    assert_eq!(bench.commit(&lease, of(2, "Open")).await, [Decision::Older]);
    assert_eq!(bench.commit(&lease, of(4, "Open")).await, [CHANGED]);
    assert_eq!(
        bench.deliver(&lease, &Settlement::Applied).await,
        of(4, "Open")
    );
    assert!(bench.due(&lease, 0).await.is_empty());
}

#[tokio::test]
async fn what_waits_is_folded_and_lists_unite_over_all_ever_seen() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    bench
        .commit(&lease, vec![contact("jane", 2, "Done", &[22])])
        .await;
    let older = bench
        .commit(&lease, vec![contact("jane", 1, "Open", &[23])])
        .await;
    assert_eq!(older, [CHANGED]);
    let sent = bench.deliver(&lease, &Settlement::Applied).await;
    assert_eq!(sent, [contact("jane", 2, "Done", &[22, 23])]);
    // An older record with another list asks for that list alone.
    assert_eq!(
        bench
            .commit(&lease, vec![contact("jane", 1, "Open", &[24])])
            .await,
        [CHANGED]
    );
    let sent = bench.deliver(&lease, &Settlement::Applied).await;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].payload, Value::Null);
    assert_eq!(sent[0].unites, contact("jane", 1, "", &[22, 23, 24]).unites);
    assert_eq!(
        bench
            .commit(&lease, vec![contact("jane", 2, "Done", &[])])
            .await,
        [Decision::Unchanged]
    );
}

#[tokio::test]
async fn another_pipelines_newer_state_overtakes_one_that_waits() {
    let bench = Bench::new();
    let slow = bench.run("slow").await;
    let quick = bench.run("quick").await;
    bench
        .commit(&slow, vec![contact("jane", 1, "Open", &[22])])
        .await;
    bench
        .commit(&quick, vec![contact("jane", 2, "Done", &[23])])
        .await;
    let sent = bench.deliver(&quick, &Settlement::Applied).await;
    assert_eq!(sent, [contact("jane", 2, "Done", &[22, 23])]);
    assert!(bench.deliver(&slow, &Settlement::Applied).await.is_empty());
}

#[tokio::test]
async fn a_list_that_is_added_does_not_overtake_the_state_that_waits() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    bench
        .commit(&lease, vec![contact("jane", 2, "Done", &[])])
        .await;
    let rows = bench.due(&lease, 0).await;
    let sending = bench.store.sending(&lease, &rows, 0).await.unwrap();
    assert_eq!(sending.len(), 1);
    bench
        .commit(&lease, vec![contact("jane", 1, "Open", &[24])])
        .await;
    assert!(
        bench.due(&lease, 0).await.is_empty(),
        "the first one is on its way"
    );
    let again = vec![(rows[0], Settlement::Again { at: 0 })];
    bench.store.settle(&lease, again, 0).await.unwrap();
    let sent = bench.deliver(&lease, &Settlement::Applied).await;
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].payload, contact("jane", 2, "Done", &[]).payload);
    assert_eq!(sent[1].payload, Value::Null);
}

#[tokio::test]
async fn what_a_guard_holds_back_is_delivered_or_never_was() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    bench
        .commit(&lease, vec![contact("jane", 1, "Open", &[22])])
        .await;
    bench.deliver(&lease, &Settlement::Applied).await;
    let hold = || {
        Arc::new(Commit {
            operations: vec![
                contact("jane", 3, "Done", &[]),
                contact("jane", 2, "Busy", &[23]),
                event("jane", "new", 900),
                event("jane", "old", 100),
                event("jane", "new", 900),
            ],
            sinks: sinks(Some(500)),
            hold: true,
            ..Commit::default()
        })
    };
    let decisions = [
        CHANGED,
        CHANGED,
        NEW,
        Decision::MarkedKnown,
        Decision::Known,
    ];
    for _ in 0..2 {
        assert_eq!(bench.store.commit(&lease, hold()).await.unwrap(), decisions);
        assert!(bench.due(&lease, 0).await.is_empty());
        let guarded = bench.store.guarded(&lease).await.unwrap();
        assert_eq!(guarded.iter().map(|one| one.held).sum::<u64>(), 2);
        assert_eq!(guarded.iter().map(|one| one.known).sum::<u64>(), 1);
        bench.store.held(&lease, Held::Discard, 0).await.unwrap();
    }
    bench.store.commit(&lease, hold()).await.unwrap();
    let cursors = vec![("jira".into(), crate::connectors::Cursor("9".into()))];
    bench
        .store
        .held(&lease, Held::Deliver { cursors }, 0)
        .await
        .unwrap();
    let sent = bench.deliver(&lease, &Settlement::Applied).await;
    assert_eq!(
        sent,
        [
            contact("jane", 3, "Done", &[22, 23]),
            event("jane", "new", 900)
        ]
    );
    assert_eq!(
        bench.commit(&lease, vec![event("jane", "old", 100)]).await,
        [Decision::Known]
    );
    let lanes = bench.reader().lanes().await.unwrap();
    assert_eq!(lanes[0].cursors[0].1.0, "9");
}

#[tokio::test]
async fn a_crash_discards_what_a_guard_held_back() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    let hold = Commit {
        operations: vec![event("jane", "1", 900)],
        sinks: sinks(None),
        hold: true,
        ..Commit::default()
    };
    bench.store.commit(&lease, Arc::new(hold)).await.unwrap();
    let bench = bench.reopen();
    bench.pass(60_001);
    let lease = bench.run("a").await;
    assert_eq!(
        bench.commit(&lease, vec![event("jane", "1", 900)]).await,
        [NEW]
    );
}

#[tokio::test]
async fn a_plan_sees_what_a_commit_would_decide() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    let first = vec![contact("jane", 2, "Done", &[22]), event("jane", "1", 900)];
    bench.commit(&lease, first.clone()).await;
    let mut asked = first;
    asked.push(contact("jane", 1, "Open", &[22]));
    asked.push(contact("joe", 1, "Open", &[]));
    asked.push(event("joe", "0", 100));
    let decided = bench
        .reader()
        .decide(&sinks(Some(500)), &asked)
        .await
        .unwrap();
    assert_eq!(
        decided,
        [
            Decision::Unchanged,
            Decision::Known,
            Decision::Older,
            NEW,
            Decision::MarkedKnown
        ]
    );
}

/// What the destination has in the end, for one contact: status and lists.
async fn destination(pages: &[Vec<Operation>], deliver_between: bool) -> (Value, Vec<String>) {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    let mut state = Value::Null;
    let mut lists = std::collections::BTreeSet::new();
    for (index, page) in pages.iter().enumerate() {
        bench.commit(&lease, page.clone()).await;
        if deliver_between || index + 1 == pages.len() {
            for sent in bench.deliver(&lease, &Settlement::Applied).await {
                lists.extend(sent.unites.iter().map(Value::to_json));
                if !sent.payload.is_null() {
                    state = sent.payload;
                }
            }
        }
    }
    (state, lists.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn pages_in_any_order_end_alike(
        order in Just((1..=8).collect::<Vec<i32>>()).prop_shuffle(),
        page in 1_usize..4,
        deliver_between: bool,
    ) {
        let operations: Vec<_> = order
            .iter()
            .map(|version| {
                let status = format!("S{}", version / 3);
                contact("jane", *version, &status, &[i64::from(version % 4)])
            })
            .collect();
        let pages: Vec<_> = operations.chunks(page).map(<[_]>::to_vec).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (state, lists) = runtime.block_on(destination(&pages, deliver_between));
        prop_assert_eq!(state, contact("jane", 8, "S2", &[]).payload);
        prop_assert_eq!(lists, ["0", "1", "2", "3"]);
    }
}
