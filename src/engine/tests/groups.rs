//! Groups of an aggregate from one run to the next.

use std::sync::atomic::AtomicI64;

use super::crashes::Faulting;
use super::fakes::BEGIN;
use super::*;
use crate::engine::{End, Finished, Guard, ONLY_A_PART, Planned};
use crate::plan::Plan;
use crate::record::{Record, Value};
use crate::state::{Admin as _, Lane, Reset, Seal, StateError, Store, View as _};
use crate::transform::MaskKey;

const KEY: [u8; 32] = [7; 32];

/// How many tickets each person has, on their contact.
fn plan() -> Plan {
    crate::plan::testing::plan(
        "sources: [file: { path: in.jsonl }]
transforms:
  - aggregate: { by: { email: $.email }, values: { n: { count: $ }, last: { last: $.version } } }
sinks:
  - brevo.contacts:
      identify: { email: $.email }
      attributes: { OPEN: $.n, LAST: { path: $.last, if_missing: clear } }
",
    )
}

fn of(emails: &[&str]) -> Vec<Vec<Record>> {
    let issue = |(number, email): (usize, &&str)| {
        issue(i64::try_from(number).unwrap(), email, 5, "Open", &[])
    };
    vec![emails.iter().enumerate().map(issue).collect()]
}

fn rig(emails: &[&str]) -> Rig {
    Rig {
        reads_whole: true,
        holds: true,
        ..Rig::new(of(emails))
    }
}

async fn run_on(rig: &Rig, number: i64, key: [u8; 32], store: &dyn Store) -> Finished {
    let plan = plan();
    let seal = Seal::new(&key).unwrap();
    let mask = MaskKey::new(key);
    let time = jiff::Timestamp::from_millisecond(BEGIN + number).unwrap();
    let mut stages = Planned::new(&plan, &mask, Some(&seal), time).unwrap();
    rig.run_with(&mut stages, store).await
}

/// The run of that number over records of these people.
async fn run(rig: &mut Rig, number: i64, emails: &[&str]) -> Finished {
    rig.pages(of(emails));
    run_on(rig, number, KEY, &rig.store()).await
}

/// What the contact of a person has.
fn contact(rig: &Rig, email: &str) -> (i64, bool) {
    let destination = rig.destination.lock().unwrap();
    let (payload, _) = &destination.contacts[&format!("email:{email}")];
    let payload = Value::from_json(payload).unwrap();
    let open = payload.at(&["attributes", "OPEN"]).unwrap().to_json();
    let cleared = payload.get("clear").map(Value::to_json);
    (
        open.parse().unwrap(),
        cleared.is_some_and(|names| names.contains("LAST")),
    )
}

async fn known(rig: &Rig) -> usize {
    let reader = rig.reader();
    let groups = reader.groups(&Lane::of("a"), None, 99).await;
    groups.unwrap().len()
}

#[tokio::test]
async fn a_group_that_is_gone_is_sent_once_more_with_the_values_of_nothing() {
    let mut rig = rig(&[]);
    let first = run(
        &mut rig,
        1,
        &["jane@x.example", "joe@x.example", "jane@x.example"],
    )
    .await;
    assert_eq!((first.end.exit_code(), first.summary.kept), (0, 2));
    assert_eq!(contact(&rig, "jane@x.example"), (2, false));
    assert_eq!(known(&rig).await, 2);

    let second = run(&mut rig, 2, &["jane@x.example", "jim@x.example"]).await;
    assert_eq!((second.end.exit_code(), second.summary.kept), (0, 3));
    assert_eq!(contact(&rig, "jane@x.example"), (1, false));
    assert_eq!(contact(&rig, "joe@x.example"), (0, true), "once more");
    assert_eq!(known(&rig).await, 2);

    let third = run(&mut rig, 3, &["jane@x.example", "jim@x.example"]).await;
    assert_eq!(third.summary.kept, 2, "joe is not known any more");
    assert_eq!(third.summary.operations["brevo.contacts"].unchanged, 2);

    run(&mut rig, 4, &[]).await;
    assert_eq!(contact(&rig, "jim@x.example"), (0, true));
    assert_eq!(known(&rig).await, 0);
}

#[tokio::test]
async fn who_has_only_the_state_reads_no_value_of_a_group() {
    let mut rig = rig(&[]);
    let finished = run(&mut rig, 1, &["jane@x.example"]).await;
    assert_eq!(finished.summary.unsettled, 0);
    assert_eq!(known(&rig).await, 1);
    for file in std::fs::read_dir(rig.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let there = bytes.windows(14).any(|part| part == b"jane@x.example");
        // The log may still hold what was settled; the file itself may not.
        let log = path.to_string_lossy().ends_with("-wal");
        assert!(log || !there, "{}", path.display());
    }
}

#[tokio::test]
async fn a_run_that_sees_a_part_only_takes_no_group_for_gone() {
    let mut rig = rig(&[]);
    run(&mut rig, 1, &["jane@x.example", "joe@x.example"]).await;
    rig.told();
    rig.limit = Some(1);
    let part = run(&mut rig, 2, &["jim@x.example", "joe@x.example"]).await;
    assert_eq!(part.summary.kept, 1);
    assert_eq!(rig.told_notices(), [ONLY_A_PART]);
    assert_eq!(contact(&rig, "jane@x.example"), (1, false));
    rig.limit = None;
    run(&mut rig, 3, &["joe@x.example"]).await;
    assert_eq!(contact(&rig, "jane@x.example"), (0, true));
    assert_eq!(
        contact(&rig, "jim@x.example"),
        (0, true),
        "the part is known"
    );
}

#[tokio::test]
async fn what_a_guard_stops_is_no_run_that_had_or_lacked_groups() {
    let mut rig = rig(&[]);
    run(&mut rig, 1, &["jane@x.example", "joe@x.example"]).await;
    rig.guard = Some(Guard {
        max_changes: Some(1),
        ..Guard::default()
    });
    let stopped = run(&mut rig, 2, &["jim@x.example"]).await;
    assert!(
        matches!(stopped.end, End::Guarded { .. }),
        "{:?}",
        stopped.end
    );
    assert_eq!(known(&rig).await, 2);
    rig.guard = Some(Guard {
        max_changes: Some(9),
        ..Guard::default()
    });
    let third = run(&mut rig, 3, &["joe@x.example", "jill@x.example"]).await;
    assert_eq!(third.end.exit_code(), 0, "{:?}", third.end);
    assert_eq!(contact(&rig, "jane@x.example"), (0, true));
    assert!(
        !rig.destination
            .lock()
            .unwrap()
            .contacts
            .contains_key("email:jim@x.example")
    );
    assert_eq!(known(&rig).await, 2);
}

#[tokio::test]
async fn under_another_key_it_is_said_that_nothing_can_be_told() {
    let mut rig = rig(&[]);
    run(&mut rig, 1, &["jane@x.example", "joe@x.example"]).await;
    rig.told();
    rig.pages(of(&["joe@x.example"]));
    let store = rig.store();
    let other = run_on(&rig, 2, [8; 32], &store).await;
    assert_eq!(other.summary.kept, 1);
    assert_eq!(contact(&rig, "jane@x.example"), (1, false));
    let said = rig.told_notices().join("\n");
    assert!(
        said.contains("2 groups of the last run were kept under another key"),
        "{said}"
    );
    assert_eq!(known(&rig).await, 1, "what nobody can read goes");
}

#[tokio::test]
async fn forgetting_what_was_sent_forgets_the_groups() {
    let mut rig = rig(&[]);
    run(&mut rig, 1, &["jane@x.example"]).await;
    rig.store().reset("a", Reset::Cursors).await.unwrap();
    assert_eq!(known(&rig).await, 1);
    rig.store().reset("a", Reset::ForgetSent).await.unwrap();
    assert_eq!(known(&rig).await, 0);
}

#[tokio::test]
async fn a_crash_at_any_call_loses_no_group_that_is_gone() {
    for (guard, after_effect) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut crashes = 0;
        loop {
            let mut rig = rig(&[]);
            run(&mut rig, 1, &["jane@x.example", "joe@x.example"]).await;
            rig.guard = guard.then(|| Guard {
                max_changes: Some(99),
                ..Guard::default()
            });
            rig.pages(of(&["joe@x.example", "jim@x.example"]));
            let faulting = Faulting {
                store: rig.store(),
                left: AtomicI64::new(crashes),
                after_effect,
            };
            let end = run_on(&rig, 2, KEY, &faulting).await.end;
            drop(faulting);
            if !matches!(end, End::State(StateError::Storage { .. })) {
                break;
            }
            // Jim, whom the crashed run may have sent already, is gone at once.
            run(&mut rig, 3, &["joe@x.example"]).await;
            let at = format!("crash {crashes}, guard: {guard}, after its effect: {after_effect}");
            assert_eq!(contact(&rig, "jane@x.example"), (0, true), "{at}");
            if rig
                .destination
                .lock()
                .unwrap()
                .contacts
                .contains_key("email:jim@x.example")
            {
                assert_eq!(contact(&rig, "jim@x.example"), (0, true), "{at}");
            }
            assert_eq!(known(&rig).await, 1, "{at}");
            crashes += 1;
        }
        assert!(crashes > 8, "only {crashes} calls");
    }
}
