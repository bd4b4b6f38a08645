//! A crash at any call of the store, before or after its effect, changes nothing in the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures::future::{BoxFuture, FutureExt as _};

use super::fakes::BEGIN;
use super::*;
use crate::engine::{End, Guard};
use crate::operation::Receipt;
use crate::state::{
    Claim, Commit, Decision, Delivery, Due, Group, GroupId, Guarded, Held, Lane, LaneView, Lease,
    Origin, RetriedRecord, RunRecord, ScopeOf, Settlement, SqliteStore, StateError, Store,
    View as _,
};

/// Passes calls on until its last one, which crashes before or after its effect; after that the
/// process is dead.
pub(super) struct Faulting {
    pub(super) store: SqliteStore,
    pub(super) left: AtomicI64,
    pub(super) after_effect: bool,
}

impl Faulting {
    fn pass<'a, T: Send + 'a>(
        &'a self,
        call: BoxFuture<'a, Result<T, StateError>>,
    ) -> BoxFuture<'a, Result<T, StateError>> {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        let after_effect = self.after_effect;
        async move {
            if left > 0 {
                return call.await;
            }
            if left == 0 && after_effect {
                call.await?;
            }
            Err(StateError::Storage {
                path: "state.db".into(),
                message: "crashed".into(),
            })
        }
        .boxed()
    }
}

type Answer<'a, T> = BoxFuture<'a, Result<T, StateError>>;

impl Store for Faulting {
    fn claim<'a>(&'a self, lane: &'a Lane, holder: &'a str) -> Answer<'a, Claim> {
        self.pass(self.store.claim(lane, holder))
    }
    fn extend<'a>(&'a self, lease: &'a Lease) -> Answer<'a, ()> {
        self.pass(self.store.extend(lease))
    }
    fn begin<'a>(
        &'a self,
        lease: &'a Lease,
        origin: &'a Origin,
        scopes: &'a [ScopeOf],
        now: i64,
    ) -> Answer<'a, LaneView> {
        self.pass(self.store.begin(lease, origin, scopes, now))
    }
    fn commit<'a>(&'a self, lease: &'a Lease, commit: Arc<Commit>) -> Answer<'a, Vec<Decision>> {
        self.pass(self.store.commit(lease, commit))
    }
    fn guarded<'a>(&'a self, lease: &'a Lease) -> Answer<'a, Vec<Guarded>> {
        self.pass(self.store.guarded(lease))
    }
    fn held<'a>(&'a self, lease: &'a Lease, held: Held, now: i64) -> Answer<'a, ()> {
        self.pass(self.store.held(lease, held, now))
    }
    fn due<'a>(&'a self, lease: &'a Lease, now: i64, limit: usize) -> Answer<'a, Due> {
        self.pass(self.store.due(lease, now, limit))
    }
    fn unclaimed<'a>(
        &'a self,
        lease: &'a Lease,
        row: i64,
        receipts: Vec<Receipt>,
    ) -> Answer<'a, Vec<Receipt>> {
        self.pass(self.store.unclaimed(lease, row, receipts))
    }
    fn load<'a>(&'a self, lease: &'a Lease, rows: &'a [i64]) -> Answer<'a, Vec<Delivery>> {
        self.pass(self.store.load(lease, rows))
    }
    fn sending<'a>(
        &'a self,
        lease: &'a Lease,
        rows: &'a [i64],
        now: i64,
    ) -> Answer<'a, Vec<Delivery>> {
        self.pass(self.store.sending(lease, rows, now))
    }
    fn settle<'a>(
        &'a self,
        lease: &'a Lease,
        settled: Vec<(i64, Settlement)>,
        now: i64,
    ) -> Answer<'a, ()> {
        self.pass(self.store.settle(lease, settled, now))
    }
    fn retried_records<'a>(
        &'a self,
        lease: &'a Lease,
        after: i64,
        limit: usize,
    ) -> Answer<'a, Vec<RetriedRecord>> {
        self.pass(self.store.retried_records(lease, after, limit))
    }
    fn groups<'a>(
        &'a self,
        lease: &'a Lease,
        after: Option<GroupId>,
        limit: usize,
    ) -> Answer<'a, Vec<Group>> {
        self.pass(self.store.groups(lease, after, limit))
    }
    fn known<'a>(
        &'a self,
        lease: &'a Lease,
        source: &'a str,
        owners: &'a [Arc<str>],
    ) -> Answer<'a, Vec<crate::connectors::Known>> {
        self.pass(self.store.known(lease, source, owners))
    }
    fn finish<'a>(&'a self, lease: &'a Lease, run: &'a RunRecord) -> Answer<'a, ()> {
        self.pass(self.store.finish(lease, run))
    }
}

fn rig(tricks: &[Trick], guard: bool, holds: bool) -> Rig {
    let mut rig = Rig::new(vec![
        vec![
            issue(1, "jane@x", 3, "Done", &[BEGIN - 10, BEGIN - 9]),
            issue(2, "joe@x", 1, "Open", &[BEGIN - 9]),
        ],
        vec![
            issue(3, "jane@x", 2, "Busy", &[BEGIN - 5]),
            issue(4, "jim@x", 1, "broken", &[BEGIN]),
        ],
        vec![
            issue(5, "joe@x", 2, "Done", &[]),
            issue(1, "jane@x", 3, "Done", &[BEGIN - 10, BEGIN - 9, BEGIN]),
        ],
    ]);
    rig.tricks(tricks.to_vec());
    rig.holds = holds;
    rig.guard = guard.then(|| Guard {
        max_changes: Some(1_000),
        ..Guard::default()
    });
    rig
}

/// All that counts in the end.
async fn end_state(rig: &Rig) -> String {
    let lanes = rig.reader().lanes().await.unwrap();
    let lane = &lanes[0];
    let letters = rig.reader().dead_letters(None).await.unwrap().len();
    let destination = rig.destination.lock().unwrap();
    format!(
        "{:?}\n{:?}\n{:?} unsettled {} known {} letters {letters}",
        destination.contacts, destination.events, lane.cursors, lane.unsettled, lane.known
    )
}

async fn crash_everywhere(tricks: &[Trick], guard: bool, holds: bool) {
    let undisturbed = rig(tricks, guard, holds);
    let finished = undisturbed.run().await;
    assert_eq!(finished.end.exit_code(), 1, "{:?}", finished.end);
    let expected = end_state(&undisturbed).await;
    assert!(expected.contains("unsettled 0"), "{expected}");
    for after_effect in [false, true] {
        let mut crashes = 0;
        loop {
            let rig = rig(tricks, guard, holds);
            let faulting = Faulting {
                store: rig.store(),
                left: AtomicI64::new(crashes),
                after_effect,
            };
            let end = rig.run_on(&faulting).await.end;
            drop(faulting);
            if !matches!(end, End::State(StateError::Storage { .. })) {
                break;
            }
            // What it does from here on is done to a destination that behaves.
            rig.tricks(vec![]);
            let resumed = rig.run().await;
            assert!(
                matches!(resumed.end.exit_code(), 0 | 1),
                "crash {crashes}, after its effect: {after_effect}: {:?}",
                resumed.end
            );
            let found = end_state(&rig).await;
            assert_eq!(
                found, expected,
                "crash {crashes}, after its effect: {after_effect}"
            );
            crashes += 1;
        }
        assert!(crashes > 15, "only {crashes} calls");
    }
}

#[tokio::test]
async fn a_crash_at_any_call_changes_nothing_in_the_end() {
    crash_everywhere(&[], false, false).await;
}

#[tokio::test]
async fn a_crash_at_any_call_of_a_guarded_run_changes_nothing_in_the_end() {
    crash_everywhere(&[], true, false).await;
}

#[tokio::test]
async fn a_crash_at_any_call_of_a_run_that_holds_records_changes_nothing_in_the_end() {
    crash_everywhere(&[], false, true).await;
    crash_everywhere(&[], true, true).await;
}

#[tokio::test]
async fn a_crash_among_lost_answers_changes_nothing_in_the_end() {
    let tricks = [
        Trick::LoseAnswer,
        Trick::Apply,
        Trick::LoseRequest,
        Trick::LoseAnswer,
        Trick::LoseRequest,
        Trick::Refuse(crate::http::Class::RateLimited),
        Trick::LoseAnswer,
        Trick::Apply,
        Trick::LoseRequest,
    ];
    crash_everywhere(&tricks, false, false).await;
}
