//! From the outbox to the destination: order, leases, crashes, dead letters.

use super::*;

#[tokio::test]
async fn a_subjects_event_waits_for_its_contact() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    bench
        .commit(
            &lease,
            vec![
                contact("jane", 1, "Open", &[]),
                event("jane", "1", 900),
                event("joe", "2", 900),
            ],
        )
        .await;
    let first = bench.due(&lease, 0).await;
    assert_eq!(first.len(), 2);
    let sending = bench.store.sending(&lease, &first, 0).await.unwrap();
    assert_eq!(&*sending[0].operation.sink, "brevo.contacts");
    assert_eq!(&*sending[1].operation.key, "2");
    let later = Settlement::Again { at: 7_000 };
    let settled = vec![(first[0], later), (first[1], Settlement::Applied)];
    bench.store.settle(&lease, settled, 0).await.unwrap();
    let due = bench.store.due(&lease, 0, 10).await.unwrap();
    assert_eq!(
        (due.rows.len(), due.unsettled, due.next_at),
        (0, 2, Some(7_000))
    );
    let sending = bench.due(&lease, 7_000).await;
    assert_eq!(sending, [first[0]]);
    assert_eq!(
        bench.store.load(&lease, &sending).await.unwrap()[0].attempts,
        1
    );
}

#[tokio::test]
async fn after_a_crash_events_are_unknown_and_contacts_are_sent_again() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    bench
        .commit(
            &lease,
            vec![contact("jane", 1, "Open", &[]), event("joe", "1", 900)],
        )
        .await;
    let rows = bench.due(&lease, 0).await;
    bench.store.sending(&lease, &rows, 1_000).await.unwrap();
    let bench = bench.reopen();
    bench.pass(60_001);
    let lease = bench.run("a").await;
    assert_eq!(bench.due(&lease, 5_999).await, [rows[0]]);
    let due = bench.store.due(&lease, 6_000, 10).await.unwrap();
    assert_eq!(due.rows[1].state, RowState::Unknown);
    assert_eq!(
        bench.store.load(&lease, &rows).await.unwrap()[1].sent_at,
        1_000
    );
    // What is unknown may not be sent, whoever asks.
    assert_eq!(
        bench
            .store
            .sending(&lease, &rows, 6_000)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_lane_has_one_holder_and_an_old_fence_changes_nothing() {
    let bench = Bench::new();
    let old = bench.run("a").await;
    bench.commit(&old, vec![event("jane", "1", 900)]).await;
    bench.pass(59_999);
    let held = bench.store.claim(&Lane::of("a"), "another").await.unwrap();
    assert_eq!(
        held,
        Claim::Held {
            holder: "a test".into(),
            remaining_ms: 1
        }
    );
    bench.store.extend(&old).await.unwrap();
    bench.pass(60_000);
    let new = bench.claim("a").await;
    assert!(new.fence > old.fence);
    let lost = StateError::LeaseLost {
        pipeline: "a".into(),
    };
    let page = Arc::new(Commit {
        operations: vec![event("jane", "2", 900)],
        ..Commit::default()
    });
    assert_eq!(bench.store.commit(&old, page).await, Err(lost.clone()));
    assert_eq!(bench.store.extend(&old).await, Err(lost.clone()));
    assert_eq!(bench.store.sending(&old, &[1], 0).await.unwrap_err(), lost);
    assert_eq!(bench.store.settle(&old, vec![], 0).await, Err(lost.clone()));
    assert_eq!(
        bench.store.finish(&old, &RunRecord::default()).await,
        Err(lost)
    );
    assert_eq!(bench.due(&new, 0).await.len(), 1);
    bench
        .store
        .finish(&new, &RunRecord::default())
        .await
        .unwrap();
    bench.claim("a").await;
}

#[tokio::test]
async fn a_dead_letter_is_listed_kept_once_retried_and_discarded() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    let dead = Settlement::Dead {
        class: "rejected".into(),
        reason: "no such list".into(),
    };
    let jane = contact("jane", 1, "Open", &[99]);
    bench.commit(&lease, vec![jane.clone()]).await;
    bench.deliver(&lease, &dead).await;
    // Read again, it is not tried again by itself.
    assert_eq!(
        bench.commit(&lease, vec![jane.clone()]).await,
        [Decision::Unchanged]
    );
    let letters = bench.reader().dead_letters(Some("a")).await.unwrap();
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    assert_eq!(letter.sink.as_deref(), Some("brevo.contacts"));
    assert_eq!((&*letter.key, &*letter.class), ("email:jane", "rejected"));
    assert_eq!((&*letter.reason, letter.attempts), ("no such list", 1));
    assert_eq!(letter.at.as_ref().unwrap().line, 3);
    assert_eq!(letter.payload, jane.to_value());
    assert!(
        bench
            .reader()
            .dead_letters(Some("b"))
            .await
            .unwrap()
            .is_empty()
    );

    assert_eq!(bench.store.retry_dead_letters(&[letter.id], 0).await, Ok(1));
    assert!(bench.reader().dead_letters(None).await.unwrap().is_empty());
    assert_eq!(bench.deliver(&lease, &dead).await, [jane]);
    let again = bench.reader().dead_letters(None).await.unwrap();
    assert_eq!(again[0].attempts, 2);

    // A newer state makes the old letter pointless.
    bench
        .commit(&lease, vec![contact("jane", 2, "Done", &[])])
        .await;
    assert_eq!(
        bench.store.retry_dead_letters(&[again[0].id], 0).await,
        Ok(0)
    );
    let gone = bench.store.discard_dead_letters(&[again[0].id]).await;
    assert!(matches!(gone, Err(StateError::NotFound { .. })));
}

#[tokio::test]
async fn a_record_that_broke_goes_through_the_pipeline_again() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    let record = crate::record::Record {
        value: Value::from_json(r#"{"key":"SUP-7"}"#).unwrap(),
        identity: Some(crate::record::Identity::of("10007").with("status")),
        time: "2026-11-24T10:00:00Z".parse().ok(),
        name: "SUP-7".into(),
        deleted: true,
        happened: crate::record::Happened::SinceLastRun,
    };
    let letter = NewDeadLetter {
        sink: None,
        record: "SUP-7".into(),
        class: "transform".into(),
        reason: "no number".into(),
        at: None,
        remains: Remains::Record(Box::new(record.clone())),
    };
    for _ in 0..2 {
        let page = Commit {
            dead_letters: vec![letter.clone()],
            ..Commit::default()
        };
        bench.store.commit(&lease, Arc::new(page)).await.unwrap();
    }
    let letters = bench.reader().dead_letters(None).await.unwrap();
    assert_eq!((letters.len(), letters[0].attempts), (1, 2));
    assert!(
        bench
            .store
            .retried_records(&lease, 0, 9)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        bench.store.retry_dead_letters(&[letters[0].id], 0).await,
        Ok(1)
    );
    let found = bench.store.retried_records(&lease, 0, 9).await.unwrap();
    assert_eq!(found[0].record.identity, record.identity);
    assert_eq!(found[0].record.time, record.time);
    assert_eq!(found[0].record.value, record.value);
    assert!(found[0].record.deleted);
    let page = Commit {
        retried: vec![found[0].id],
        ..Commit::default()
    };
    bench.store.commit(&lease, Arc::new(page)).await.unwrap();
    assert!(bench.reader().dead_letters(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_had_nobody_to_go_to_may_be_asked_for_again() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    bench.commit(&lease, vec![event("jane", "1", 900)]).await;
    bench.deliver(&lease, &Settlement::Unmatched).await;
    let again = bench.commit(&lease, vec![event("jane", "1", 900)]).await;
    assert_eq!(again, [Decision::Queued(Change::New)]);
    bench.deliver(&lease, &Settlement::Skipped).await;
    let again = bench.commit(&lease, vec![event("jane", "1", 900)]).await;
    assert_eq!(again, [Decision::Known]);
}
