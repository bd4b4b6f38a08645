//! Cursors, origins, accounts, counts, the inbox and the pace.

use super::*;
use crate::connectors::Cursor;

#[tokio::test]
async fn cursors_move_with_their_page_and_reset_keeps_what_was_sent() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    let page = Commit {
        cursors: vec![("jira".into(), Cursor("17".into()))],
        operations: vec![event("jane", "1", 900)],
        sinks: sinks(None),
        facts: vec![
            Fact::Issue("1".into()),
            Fact::Issue("1".into()),
            Fact::Project("7".into()),
        ],
        now: 42,
        ..Commit::default()
    };
    bench.store.commit(&lease, Arc::new(page)).await.unwrap();
    let busy = bench.store.reset("a", Reset::Cursors).await;
    assert_eq!(
        busy,
        Err(StateError::Busy {
            pipeline: "a".into(),
            holder: "a test".into()
        })
    );
    let run = RunRecord {
        read: 300,
        result: "done".into(),
        ..RunRecord::default()
    };
    bench.store.finish(&lease, &run).await.unwrap();
    let lanes = bench.reader().lanes().await.unwrap();
    assert_eq!(lanes[0].cursors, [("jira".into(), Cursor("17".into()))]);
    assert_eq!(lanes[0].moved_at, Some(42));
    assert_eq!((lanes[0].unsettled, lanes[0].known), (1, 1));
    assert_eq!(lanes[0].last_run, Some(run));
    let tracked = bench.reader().tracked().await.unwrap();
    assert_eq!(bench.reader().known("brevo.events/").await, Ok(1));
    assert_eq!(bench.reader().known("brevo.contacts/").await, Ok(0));
    assert_eq!((tracked.issues, tracked.projects), (1, 1));

    bench
        .store
        .set_cursor("a", "jira", &Cursor("5".into()), 43)
        .await
        .unwrap();
    assert_eq!(bench.reader().lanes().await.unwrap()[0].cursors[0].1.0, "5");
    bench.store.reset("a", Reset::Cursors).await.unwrap();
    let lanes = bench.reader().lanes().await.unwrap();
    assert_eq!((lanes[0].cursors.len(), lanes[0].known), (0, 1));
    bench.store.reset("a", Reset::ForgetSent).await.unwrap();
    let lanes = bench.reader().lanes().await.unwrap();
    // What still waits is known by that.
    assert_eq!((lanes[0].known, lanes[0].origin.clone()), (1, None));
    let lease = bench.run("a").await;
    let rows = bench.due(&lease, 42).await;
    bench.store.sending(&lease, &rows, 42).await.unwrap();
    let applied = vec![(rows[0], Settlement::Applied)];
    bench.store.settle(&lease, applied, 42).await.unwrap();
    bench
        .store
        .finish(&lease, &RunRecord::default())
        .await
        .unwrap();
    bench.store.reset("a", Reset::ForgetSent).await.unwrap();
    assert_eq!(bench.reader().lanes().await.unwrap()[0].known, 0);
    assert!(matches!(
        bench.store.reset("b", Reset::Cursors).await,
        Err(StateError::NotFound { .. })
    ));
}

#[tokio::test]
async fn a_renamed_pipeline_takes_over_where_it_began() {
    let bench = Bench::new();
    let scope = ScopeOf {
        account: "acme".into(),
        scope: "brevo.events/ticket_status_changed".into(),
    };
    let began = |first_run| Origin {
        floor: Some(7),
        first_run,
        taken_over_from: None,
    };
    let old = bench.claim("old").await;
    let scopes = [scope];
    bench
        .store
        .begin(&old, &began(1_000), &scopes, 0)
        .await
        .unwrap();
    // Nothing is known yet: whoever comes begins anew.
    assert_eq!(
        bench.reader().origin(&Lane::of("new"), &scopes).await,
        Ok(None)
    );
    bench.commit(&old, vec![event("jane", "1", 2_000)]).await;
    let taken = bench
        .reader()
        .origin(&Lane::of("new"), &scopes)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(taken.taken_over_from.as_deref(), Some("old"));
    let new = bench.claim("new").await;
    let view = bench
        .store
        .begin(&new, &began(9_000), &scopes, 0)
        .await
        .unwrap();
    assert_eq!(view.origin, Some(taken));
    assert_eq!(view.origin.unwrap().first_run, 1_000);
    let other = ScopeOf {
        account: "another".into(),
        ..scopes[0].clone()
    };
    assert_eq!(
        bench.reader().origin(&Lane::of("third"), &[other]).await,
        Ok(None)
    );
    // The first run's time stays.
    let view = bench
        .store
        .begin(&old, &began(5_000), &scopes, 0)
        .await
        .unwrap();
    assert_eq!(view.origin, Some(began(1_000)));
}

#[tokio::test]
async fn a_state_belongs_to_its_accounts() {
    let bench = Bench::new();
    let of = |account: &str| {
        [Binding {
            connection: "marketing".into(),
            account: account.into(),
        }]
    };
    bench.store.bind(&of("acme")).await.unwrap();
    let bench = bench.reopen();
    bench.store.bind(&of("acme")).await.unwrap();
    let error = bench.store.bind(&of("other")).await.unwrap_err();
    assert!(matches!(error, StateError::OtherAccount { .. }));
    assert_eq!(error.exit_code(), 2);
    assert!(error.help().contains("--env"));
    assert_eq!(bench.reader().bindings().await.unwrap(), of("acme"));
}

#[tokio::test]
async fn the_inbox_knows_duplicates_also_after_the_body_is_gone() {
    let bench = Bench::new();
    let store = &bench.store;
    assert_eq!(store.append("jira", "a", "{1}", 5).await, Ok(Appended::New));
    assert_eq!(store.append("jira", "b", "{2}", 6).await, Ok(Appended::New));
    assert_eq!(
        store.append("other", "a", "{3}", 6).await,
        Ok(Appended::New)
    );
    let items = store.inbox_after("jira", 0, 10).await.unwrap();
    assert_eq!(
        items.iter().map(|one| &*one.body).collect::<Vec<_>>(),
        ["{1}", "{2}"]
    );
    store.worked_off("jira", items[0].id).await.unwrap();
    assert_eq!(
        store.append("jira", "a", "{1}", 7).await,
        Ok(Appended::Duplicate)
    );
    let left = store.inbox_after("jira", 0, 10).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(&*left[0].body, "{2}");
}

#[tokio::test]
async fn slots_are_handed_out_one_after_the_other_to_all() {
    let bench = Bench::new();
    let other = SqliteStore::open(&bench.path(), given(&bench.time)).unwrap();
    let wait = |permit: Permit| (permit.at_us - permit.now_us + 999) / 1000;
    assert_eq!(
        wait(
            bench
                .store
                .permit("key/contacts", 100_000, 1)
                .await
                .unwrap()
        ),
        0
    );
    assert_eq!(
        wait(other.permit("key/contacts", 100_000, 2).await.unwrap()),
        100
    );
    assert_eq!(
        wait(
            bench
                .store
                .permit("key/contacts", 100_000, 1)
                .await
                .unwrap()
        ),
        300
    );
    assert_eq!(
        wait(bench.store.permit("key/events", 100_000, 1).await.unwrap()),
        0
    );
    bench.pass(1_000);
    assert_eq!(
        wait(other.permit("key/contacts", 100_000, 1).await.unwrap()),
        0
    );
    bench.store.pause("key/contacts", 5_000).await.unwrap();
    assert_eq!(
        wait(other.permit("key/contacts", 100_000, 1).await.unwrap()),
        5_000
    );
}
