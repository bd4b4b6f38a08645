//! kill −9 in the middle of commits: a page is there whole, with its cursor, or not at all, and
//! what was answered is there.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use flowline::connectors::Cursor;
use flowline::operation::{Operation, Place, Policy, Version};
use flowline::record::Value;
use flowline::state::{
    Claim, Commit, DatabaseTime, Lane, SqliteStore, StateReader, Store as _, View as _,
};

const PAGE: usize = 40;
const FILE: &str = "FLOWLINE_TEST_STATE_FILE";

fn event(id: String) -> Operation {
    Operation {
        sink: "brevo.events".into(),
        sink_index: 0,
        scope: "brevo.events/changed".into(),
        key: id.into(),
        policy: Policy::Once,
        version: Version::default(),
        payload: Value::from("a payload of some length"),
        unites: Vec::new(),
        subject: Some("email:jane@example.com".into()),
        happened_at: None,
        record: "SUP-1".into(),
        receipt: None,
        at: Place {
            file: "pipelines/a.yaml".into(),
            line: 1,
            column: 1,
        },
    }
}

/// The child: commits page after page and says so, until it is killed.
#[test]
#[ignore = "the child process of the test below"]
fn commits_until_it_is_killed() {
    let Some(file) = std::env::var_os(FILE) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&PathBuf::from(file), DatabaseTime::Own).unwrap();
        let lane = Lane::of(format!("p{}", std::process::id()));
        let Claim::Granted(lease) = store.claim(&lane, "the child").await.unwrap() else {
            panic!("held");
        };
        for page in 1.. {
            let operations = (0..PAGE)
                .map(|index| event(format!("{}-{page}-{index}", std::process::id())))
                .collect();
            let commit = Commit {
                cursors: vec![("jira".into(), Cursor(page.to_string()))],
                operations,
                ..Commit::default()
            };
            store.commit(&lease, Arc::new(commit)).await.unwrap();
            println!("page {page}");
        }
    });
}

fn child(file: &std::path::Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "state_crash::commits_until_it_is_killed"])
        .args(["--ignored", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn a_killed_process_leaves_whole_pages() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    for kill_after in [1, 2, 3, 5, 8, 13] {
        let mut child = child(&file);
        let pipeline = format!("p{}", child.id());
        let mut answered = 0;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(page) = line.strip_prefix("page ") {
                answered = page.parse().unwrap();
            }
            if answered >= kill_after {
                child.kill().unwrap();
                break;
            }
        }
        child.wait().unwrap();
        assert!(answered >= kill_after, "the child ended by itself");

        let store = SqliteStore::open(&file, DatabaseTime::Own).unwrap();
        let reader = StateReader::open_existing(&file).unwrap().unwrap();
        let lanes = reader.lanes().await.unwrap();
        let lane = lanes
            .iter()
            .find(|lane| *lane.lane.pipeline == *pipeline)
            .unwrap();
        let cursor: u64 = lane.cursors[0].1.0.parse().unwrap();
        assert!(
            cursor >= answered,
            "page {answered} was answered, {cursor} is there"
        );
        assert_eq!(lane.unsettled, cursor * PAGE as u64);
        // The dead process still holds its lease, and says who it was.
        assert_eq!(lane.holder.as_deref(), Some("the child"));
        drop(store);
    }
}
