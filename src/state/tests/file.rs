//! The file itself: versions, damage, what is left in it.

use std::fs;

use rusqlite::Connection;

use super::*;

#[tokio::test]
async fn a_plan_makes_no_file_and_changes_none() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        StateReader::open_existing(&folder.path().join("state.db"))
            .unwrap()
            .is_none()
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    let bench = Bench::new();
    let lease = bench.run("a").await;
    bench.commit(&lease, vec![event("jane", "1", 900)]).await;
    let Bench { store, folder, .. } = bench;
    drop(store);
    let content = |folder: &tempfile::TempDir| {
        let mut files: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    };
    let before = content(&folder);
    let reader = StateReader::open_existing(&folder.path().join("state.db"))
        .unwrap()
        .unwrap();
    assert_eq!(reader.lanes().await.unwrap()[0].unsettled, 1);
    reader
        .decide(&sinks(None), &[event("jane", "1", 900)])
        .await
        .unwrap();
    assert!(content(&folder) == before);
}

#[tokio::test]
async fn a_newer_state_and_what_is_no_state_are_refused_and_stay_as_they_are() {
    let bench = Bench::new();
    let path = bench.path();
    let Bench { store, folder, .. } = bench;
    drop(store);
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let newer = SqliteStore::open(&path, DatabaseTime::Own).err().unwrap();
    assert!(
        matches!(
            newer,
            StateError::Newer {
                found: 99,
                known: 2,
                ..
            }
        ),
        "{newer}"
    );
    assert_eq!(StateReader::open_existing(&path).err(), Some(newer));

    let foreign = folder.path().join("foreign.db");
    let connection = Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(connection);
    let before = fs::read(&foreign).unwrap();
    let refused = SqliteStore::open(&foreign, DatabaseTime::Own)
        .err()
        .unwrap();
    assert!(matches!(refused, StateError::NotAState { .. }), "{refused}");
    assert!(fs::read(&foreign).unwrap() == before);

    let text = folder.path().join("notes.txt");
    fs::write(
        &text,
        "not a database at all, but long enough to be read as one".repeat(99),
    )
    .unwrap();
    let refused = SqliteStore::open(&text, DatabaseTime::Own).err().unwrap();
    assert!(matches!(refused, StateError::NotAState { .. }), "{refused}");
}

#[tokio::test]
async fn a_changed_row_is_found_in_every_table() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    let page = Commit {
        cursors: vec![("jira".into(), crate::connectors::Cursor("1".into()))],
        operations: vec![contact("jane", 1, "Open", &[22])],
        sinks: sinks(None),
        ..Commit::default()
    };
    bench.store.commit(&lease, Arc::new(page)).await.unwrap();
    let connection = Connection::open(bench.path()).unwrap();
    let damage = |sql: &str| assert_eq!(connection.execute(sql, []).unwrap(), 1, "{sql}");
    let damaged = |result: Result<(), StateError>| match result {
        Err(StateError::Damaged { what, .. }) => what,
        other => panic!("{other:?}"),
    };

    damage("UPDATE outbox SET operation = replace(operation, 'Open', 'Opem')");
    let rows = bench.due(&lease, 0).await;
    let what = damaged(bench.store.load(&lease, &rows).await.map(drop));
    assert!(what.contains("`outbox`"), "{what}");

    damage("UPDATE ledger SET unites = '[23]'");
    let again = Arc::new(Commit {
        operations: vec![contact("jane", 1, "Open", &[22])],
        sinks: sinks(None),
        ..Commit::default()
    });
    let what = damaged(bench.store.commit(&lease, again).await.map(drop));
    assert!(what.contains("`ledger`"), "{what}");

    damage("UPDATE cursors SET cursor = '2'");
    let what = damaged(bench.reader().lanes().await.map(drop));
    assert!(what.contains("`cursors`"), "{what}");
    damage("UPDATE lanes SET fence = fence + 1");
    let what = damaged(bench.store.extend(&lease).await);
    assert!(what.contains("`lanes`"), "{what}");
}

#[tokio::test]
async fn nothing_of_people_is_left_once_all_is_settled() {
    let bench = Bench::new();
    let lease = bench.run("a").await;
    for page in 0..20 {
        let operations = (0..40)
            .flat_map(|index| {
                let name = format!("canary{page}x{index}@example.com");
                let mut long = contact(&name, 1, "CanaryStatus", &[22]);
                long.payload = Value::from("CanaryText ".repeat(1 + 7 * index));
                [long, event(&name, &format!("{page}-{index}"), 900)]
            })
            .collect();
        bench.commit(&lease, operations).await;
        if page % 3 == 0 {
            bench.deliver(&lease, &Settlement::Applied).await;
        }
    }
    let path = bench.path();
    let left = |path: &std::path::Path| {
        let content = fs::read(path).unwrap_or_default();
        let content = String::from_utf8_lossy(&content).to_lowercase();
        content.matches("canary").count()
    };
    assert!(
        left(&path.with_extension("db-wal")) + left(&path) > 0,
        "the search finds nothing"
    );
    bench.deliver(&lease, &Settlement::Applied).await;
    bench
        .store
        .finish(&lease, &RunRecord::default())
        .await
        .unwrap();
    let Bench { store, folder, .. } = bench;
    drop(store);
    assert_eq!(left(&path), 0);
    assert!(!path.with_extension("db-wal").exists());
    drop(folder);
}

#[tokio::test]
async fn many_callers_share_a_commit_and_each_gets_its_own_answer() {
    let bench = Bench::new();
    let calls = (0..500).map(|index| {
        let store = &bench.store;
        async move {
            let identifier = (index % 250).to_string();
            store.append("jira", &identifier, "{}", 0).await.unwrap()
        }
    });
    let answers = futures::future::join_all(calls).await;
    let new = answers.iter().filter(|one| **one == Appended::New).count();
    assert_eq!(new, 250);
}

#[test]
fn a_state_is_made_by_one_of_those_that_open_it_at_once() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state.db");
        let openings: Vec<_> = (0..4)
            .map(|_| {
                let file = file.clone();
                std::thread::spawn(move || SqliteStore::open(&file, DatabaseTime::Own).map(drop))
            })
            .collect();
        for opening in openings {
            opening.join().unwrap().unwrap();
        }
    }
}
