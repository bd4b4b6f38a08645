//! How runs go and end.

use std::sync::Arc;

use super::fakes::BEGIN;
use super::*;
use crate::connectors::Cursor;
use crate::engine::*;
use crate::http::Class;
use crate::state::{Admin as _, Claim, Lane, Store as _, View as _};

fn two_pages() -> Vec<Vec<crate::record::Record>> {
    vec![
        vec![
            issue(1, "jane@x", 1, "Open", &[BEGIN - 10]),
            issue(2, "joe@x", 1, "Open", &[BEGIN - 9]),
            issue(3, "", 1, "Open", &[]),
        ],
        vec![issue(4, "jane@x", 2, "Done", &[BEGIN - 5, BEGIN + 5])],
    ]
}

#[tokio::test]
async fn a_run_delivers_and_a_second_one_sends_nothing() {
    let mut rig = Rig::new(two_pages());
    let first = rig.run().await;
    assert_eq!(first.end.exit_code(), 0, "{:?}", first.end);
    let summary = serde_json::to_value(&first.summary).unwrap();
    let expected = serde_json::json!({
        "pipeline": "a", "read": 4, "kept": 4, "dropped": 0, "unmatched": 1,
        "matched": { "email": 3, "ext_id": 0, "contact_id": 0, "phone": 0 },
        "operations": {
            "brevo.contacts": { "created": 2, "updated": 1, "unchanged": 0, "sent": 0 },
            "brevo.events": { "created": 0, "updated": 0, "unchanged": 0, "sent": 4 },
        },
        "dead_letters": 0, "unsettled": 0, "cursor": "2", "duration_ms": 0,
    });
    assert_eq!(summary, expected);
    {
        let destination = rig.destination.lock().unwrap();
        assert_eq!(destination.contacts["email:jane@x"].0, "Done");
        assert_eq!(destination.contacts["email:jane@x"].1.len(), 1);
        let order: Vec<_> = destination
            .log
            .iter()
            .filter(|one| one.contains("1-"))
            .collect();
        assert_eq!(order.len(), 1);
        assert!(destination.log[0].starts_with("brevo.contacts"));
    }
    let calls = rig.destination.lock().unwrap().calls;
    for full in [false, true] {
        rig.full = full;
        let again = rig.run().await;
        assert_eq!(again.end.exit_code(), 0);
        assert_eq!(again.summary.read, if full { 4 } else { 0 });
        assert_eq!(rig.destination.lock().unwrap().calls, calls);
    }
    let told = rig.told();
    assert!(matches!(told.last(), Some(RunEvent::Finished { .. })));
}

#[tokio::test]
async fn what_happened_before_the_first_run_is_sent_only_within_backfill() {
    let mut rig = Rig::new(two_pages());
    rig.backfill_ms = 5;
    let first = rig.run().await;
    assert_eq!(first.end.exit_code(), 0);
    let told: u64 = first
        .summary
        .operations
        .values()
        .map(|one| one.too_old)
        .sum();
    assert_eq!(told, 2);
    let destination = rig.destination.lock().unwrap();
    let sent: Vec<_> = destination.events.keys().cloned().collect();
    assert_eq!(
        sent,
        [format!("4-{}", BEGIN - 5), format!("4-{}", BEGIN + 5)]
    );
}

#[tokio::test]
async fn a_limit_reads_no_more_and_the_next_run_goes_on() {
    let mut rig = Rig::new(two_pages());
    rig.limit = Some(2);
    let first = rig.run().await;
    assert_eq!((first.summary.read, first.end.exit_code()), (2, 0));
    assert_eq!(first.summary.cursor, serde_json::Value::Null);
    rig.limit = None;
    let second = rig.run().await;
    assert_eq!(second.summary.read, 4);
    assert_eq!(rig.destination.lock().unwrap().events.len(), 4);
    assert!(
        rig.destination
            .lock()
            .unwrap()
            .events
            .values()
            .all(|times| *times == 1)
    );
}

#[tokio::test]
async fn a_source_that_refuses_ends_with_3_after_what_came_before_is_delivered() {
    let mut rig = Rig::new(two_pages());
    std::sync::Arc::get_mut(&mut rig.pages).unwrap().fails_at = Some(1);
    let first = rig.run().await;
    assert_eq!(first.end.exit_code(), 3);
    assert_eq!(rig.destination.lock().unwrap().events.len(), 2);
    let lanes = rig.reader().lanes().await.unwrap();
    assert_eq!(lanes[0].cursors[0].1, Cursor("1".into()));
    assert_eq!(lanes[0].last_run.as_ref().unwrap().result, "failed");
    assert_eq!(lanes[0].holder, None);
}

#[tokio::test]
async fn a_destination_that_refuses_ends_with_3_and_the_next_run_resumes() {
    let rig = Rig::new(two_pages());
    rig.tricks(vec![Trick::Refuse(Class::Authentication)]);
    let first = rig.run().await;
    assert_eq!(first.end.exit_code(), 3);
    assert_eq!(rig.destination.lock().unwrap().calls, 1);
    assert!(first.summary.unsettled > 0);
    let second = rig.run().await;
    assert_eq!((second.end.exit_code(), second.summary.unsettled), (0, 0));
    assert_eq!(rig.destination.lock().unwrap().events.len(), 4);
}

#[tokio::test]
async fn ctrl_c_settles_what_is_under_way_and_gives_the_pipeline_back() {
    let mut rig = Rig::new(two_pages());
    let cancel = rig.cancel.clone();
    std::sync::Arc::get_mut(&mut rig.pages).unwrap().cancels_at = Some((1, cancel));
    let first = rig.run().await;
    assert!(matches!(first.end, End::Interrupted), "{:?}", first.end);
    assert_eq!(first.end.exit_code(), 4);
    let lanes = rig.reader().lanes().await.unwrap();
    assert_eq!(
        (lanes[0].holder.clone(), lanes[0].unsettled),
        (None, first.summary.unsettled)
    );
    rig.cancel = tokio_util::sync::CancellationToken::new();
    rig.pages(two_pages());
    let second = rig.run().await;
    assert_eq!(second.end.exit_code(), 0);
    let destination = rig.destination.lock().unwrap();
    assert_eq!(destination.events.len(), 4);
    assert!(destination.events.values().all(|times| *times == 1));
}

#[tokio::test]
async fn a_pipeline_that_another_process_runs_is_waited_for_and_named() {
    let rig = Rig::new(two_pages());
    let store = rig.store();
    let other = "process 4711 on host b";
    let Claim::Granted(lease) = store.claim(&Lane::of("a"), other).await.unwrap() else {
        panic!("held");
    };
    // It renews its lease for as long as we wait.
    let renewing = async {
        loop {
            store.extend(&lease).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let finished = tokio::select! {
        finished = rig.run_on(&store) => finished,
        () = renewing => unreachable!(),
    };
    let End::Busy { holder } = &finished.end else {
        panic!("{:?}", finished.end);
    };
    assert_eq!(holder, other);
    assert_eq!(finished.end.exit_code(), 4);
    assert_eq!(rig.destination.lock().unwrap().calls, 0);
    let waited: std::time::Duration = rig.clock.slept().iter().sum();
    assert_eq!(waited.as_secs(), 60);
}

#[tokio::test]
async fn a_guard_that_trips_writes_nothing_and_leaves_the_cursor() {
    let mut rig = Rig::new(two_pages());
    rig.guard = Some(Guard {
        max_changes: Some(5),
        ..Guard::default()
    });
    for _ in 0..2 {
        let tripped = rig.run().await;
        let End::Guarded { reason } = &tripped.end else {
            panic!("{:?}", tripped.end);
        };
        assert_eq!(tripped.end.exit_code(), 1);
        // Two contacts and four events: jane's two records are one operation.
        assert!(reason.starts_with("6 operations"), "{reason}");
        assert_eq!(rig.destination.lock().unwrap().calls, 0);
        let lanes = rig.reader().lanes().await.unwrap();
        assert_eq!(
            (lanes[0].cursors.len(), lanes[0].unsettled, lanes[0].known),
            (0, 0, 0)
        );
    }
    rig.guard = Some(Guard {
        max_changes: Some(6),
        ..Guard::default()
    });
    let fine = rig.run().await;
    assert_eq!(fine.end.exit_code(), 0);
    assert_eq!(rig.destination.lock().unwrap().events.len(), 4);
    assert_eq!(rig.reader().lanes().await.unwrap()[0].cursors[0].1.0, "2");
}

#[tokio::test]
async fn a_share_of_the_contacts_known_and_of_dead_records_trips() {
    let of = |version, changed: i64| {
        let status = move |number| if number < changed { "New" } else { "Old" };
        let one = |number| issue(number, &format!("{number}@x"), version, status(number), &[]);
        vec![(0..60).map(one).collect::<Vec<_>>()]
    };
    let mut rig = Rig::new(of(1, 0));
    assert_eq!(rig.run().await.end.exit_code(), 0);
    rig.guard = Some(Guard {
        max_share: Some(0.2),
        ..Guard::default()
    });
    rig.full = true;
    rig.pages(of(2, 13));
    let tripped = rig.run().await;
    assert!(matches!(&tripped.end, End::Guarded { reason } if reason.contains("13 of the 60")));
    rig.pages(of(3, 12));
    assert_eq!(rig.run().await.end.exit_code(), 0);

    rig.guard = Some(Guard {
        max_dead: Some(0.05),
        ..Guard::default()
    });
    rig.pages(vec![vec![
        issue(1, "1@x", 9, "broken", &[]),
        issue(2, "2@x", 9, "Old", &[]),
    ]]);
    let tripped = rig.run().await;
    assert!(matches!(&tripped.end, End::Guarded { reason } if reason.contains("max_dead")));
    assert!(rig.reader().dead_letters(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_silent() {
    let many = || {
        vec![
            (0..150)
                .map(|n| issue(n, "jane@x", n, "Open", &[]))
                .collect::<Vec<_>>(),
        ]
    };
    let mut rig = Rig::new(many());
    rig.full = true;
    rig.notices = vec!["`$.nope` matched nothing in any record".into()];
    rig.run().await;
    assert_eq!(rig.told_notices(), rig.notices);
    rig.pages(vec![]);
    rig.run().await;
    let told = rig.told_notices();
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("no record was read, the last run read 150"),
        "{told:?}"
    );
}

#[tokio::test]
async fn broken_records_become_dead_letters_are_skipped_or_stop_the_run() {
    let pages = |status| {
        vec![vec![
            issue(1, "jane@x", 1, "Open", &[BEGIN]),
            issue(2, "joe@x", 1, status, &[BEGIN]),
            issue(3, "jim@x", 1, "Open", &[BEGIN]),
        ]]
    };
    let mut rig = Rig::new(pages("broken"));
    let dead = rig.run().await;
    assert_eq!((dead.end.exit_code(), dead.summary.dead_letters), (1, 1));
    assert_eq!(rig.destination.lock().unwrap().contacts.len(), 2);
    let letters = rig.reader().dead_letters(Some("a")).await.unwrap();
    assert_eq!(
        (&*letters[0].class, letters[0].at.as_ref().unwrap().line),
        ("transform", 7)
    );
    // Tried again it breaks again, and is still one dead letter.
    let id = letters[0].id;
    rig.store().retry_dead_letters(&[id], 0).await.unwrap();
    assert_eq!(rig.run().await.summary.dead_letters, 1);
    let letters = rig.reader().dead_letters(Some("a")).await.unwrap();
    assert_eq!(
        (letters.len(), letters[0].attempts, letters[0].retrying),
        (1, 2, false)
    );

    rig = Rig {
        on_error: OnError::Skip,
        ..Rig::new(pages("broken"))
    };
    let skipped = rig.run().await;
    assert_eq!(
        (skipped.end.exit_code(), skipped.summary.dead_letters),
        (0, 0)
    );
    assert_eq!(rig.destination.lock().unwrap().contacts.len(), 2);

    rig = Rig {
        on_error: OnError::Stop,
        ..Rig::new(pages("broken"))
    };
    let stopped = rig.run().await;
    assert!(matches!(stopped.end, End::Stopped { .. }));
    assert_eq!(stopped.end.exit_code(), 1);
    assert_eq!(rig.destination.lock().unwrap().events.len(), 1);
    assert_eq!(stopped.summary.cursor, serde_json::Value::Null);
    rig.pages(pages("Open"));
    assert_eq!(rig.run().await.end.exit_code(), 0);
    assert_eq!(rig.destination.lock().unwrap().events.len(), 3);
    assert!(
        rig.destination
            .lock()
            .unwrap()
            .events
            .values()
            .all(|times| *times == 1)
    );
}

#[tokio::test]
async fn stages_that_see_all_records_keep_no_cursor() {
    let rig = Rig {
        reads_whole: true,
        holds: true,
        ..Rig::new(two_pages())
    };
    let first = rig.run().await;
    assert_eq!((first.end.exit_code(), first.summary.read), (0, 4));
    assert_eq!(rig.destination.lock().unwrap().events.len(), 4);
    let again = rig.run().await;
    assert_eq!((again.end.exit_code(), again.summary.read), (0, 4));
    assert!(rig.reader().lanes().await.unwrap()[0].cursors.is_empty());
    assert!(
        rig.destination
            .lock()
            .unwrap()
            .events
            .values()
            .all(|times| *times == 1)
    );
}

#[tokio::test]
async fn stages_that_hold_records_move_the_cursor_once_all_are_durable() {
    let mut rig = Rig {
        holds: true,
        ..Rig::new(two_pages())
    };
    let pages = std::mem::take(&mut Arc::get_mut(&mut rig.pages).unwrap().pages);
    rig.pages = Arc::new(super::fakes::Pages {
        pages: pages.clone(),
        fails_at: Some(1),
        ..Default::default()
    });
    let failed = rig.run().await;
    assert!(matches!(failed.end, End::Failed(_)), "{:?}", failed.end);
    let lane = rig.reader().lanes().await.unwrap().remove(0);
    assert!(lane.cursors.is_empty(), "{:?}", lane.cursors);
    assert!(rig.destination.lock().unwrap().events.is_empty());

    rig.pages(pages);
    let first = rig.run().await;
    assert_eq!((first.end.exit_code(), first.summary.read), (0, 4));
    assert_eq!(rig.destination.lock().unwrap().events.len(), 4);
    let lane = rig.reader().lanes().await.unwrap().remove(0);
    assert_eq!(lane.cursors[0].1.0, "2");
    let again = rig.run().await;
    assert_eq!((again.end.exit_code(), again.summary.read), (0, 0));
}

#[tokio::test]
async fn a_record_that_is_read_again_anyway_is_not_put_through_twice() {
    let bad = |status: &str| vec![vec![issue(1, "jane@x", 1, status, &[BEGIN])]];
    let mut rig = Rig {
        reads_whole: true,
        holds: true,
        ..Rig::new(bad("broken"))
    };
    // Held records leave nothing to try again; those of the step before do.
    rig.holds = false;
    assert_eq!(rig.run().await.summary.dead_letters, 1);
    let letters = rig.reader().dead_letters(None).await.unwrap();
    let ids: Vec<i64> = letters.iter().map(|letter| letter.id).collect();
    rig.store().retry_dead_letters(&ids, BEGIN).await.unwrap();
    rig.pages(bad("Open"));
    let again = rig.run().await;
    assert_eq!(again.summary.kept, 1, "once, not twice");
    assert!(rig.reader().dead_letters(None).await.unwrap().is_empty());
}
