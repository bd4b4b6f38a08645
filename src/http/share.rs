//! The pace that everybody with the same credential keeps together, in other processes too.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Mutex;

/// How much time's slots are taken at once, in microseconds: a fast family asks seldom, a slow one
/// holds back nobody.
const TAKEN_US: i64 = 100_000;
/// At most so many slots are taken at once.
const MOST: i64 = 1_000;

/// When a call may start, by the clock of whoever gives the slots.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// When the first call may start, in microseconds of the epoch.
    pub at_us: i64,
    /// When it was given, likewise.
    pub given_us: i64,
}

/// Slots of endpoint families, given to all who ask with one credential.
pub trait SharedPace: Send + Sync {
    /// Takes `slots` in a row of a family, `interval` apart; none where nobody can give them.
    fn take<'a>(
        &'a self,
        family: &'static str,
        interval: Duration,
        slots: u32,
    ) -> BoxFuture<'a, Option<Turn>>;

    /// Nobody gets a slot of the family for so long: its service asked for it.
    fn pause<'a>(&'a self, family: &'static str, wait: Duration) -> BoxFuture<'a, ()>;
}

/// Slots that were taken and are not used yet.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    next_us: i64,
    interval_us: i64,
    left: i64,
}

impl Taken {
    /// Gives up the slots whose time is over: several used late would be a burst.
    fn give_up_missed(&mut self, now_us: i64) {
        let late = now_us.saturating_sub(self.next_us);
        if self.left == 0 || late <= self.interval_us {
            return;
        }
        let missed = (late / self.interval_us.max(1)).min(self.left);
        self.left -= missed;
        self.next_us += missed * self.interval_us;
    }
}

/// This process's part of a shared pace.
pub(super) struct Share {
    pace: Arc<dyn SharedPace>,
    taken: Mutex<HashMap<&'static str, Taken>>,
}

impl Share {
    pub(super) fn new(pace: Arc<dyn SharedPace>) -> Self {
        Self {
            pace,
            taken: Mutex::default(),
        }
    }

    /// When the next call of a family may start, in microseconds of the epoch.
    pub(super) async fn slot_us(
        &self,
        family: &'static str,
        interval_us: i64,
        now_us: impl Fn() -> i64,
    ) -> i64 {
        // Who asks next waits for this answer, which may be enough for both.
        let mut families = self.taken.lock().await;
        let taken = families.entry(family).or_default();
        taken.give_up_missed(now_us());
        if taken.left == 0 {
            let slots = (TAKEN_US / interval_us.max(1)).clamp(1, MOST);
            let interval = Duration::from_micros(u64::try_from(interval_us).unwrap_or_default());
            let count = u32::try_from(slots).unwrap_or(1);
            let asked_us = now_us();
            let turn = self.pace.take(family, interval, count).await;
            let answered_us = now_us();
            // It was given between asking and the answer, which may have taken a while: with
            // clocks that agree its time is known exactly, with others within that while.
            let next_us = turn.map_or(answered_us, |turn| {
                let given_us = turn.given_us.clamp(asked_us, answered_us.max(asked_us));
                given_us.saturating_add(turn.at_us.saturating_sub(turn.given_us))
            });
            *taken = Taken {
                next_us,
                interval_us,
                left: slots,
            };
        }
        let slot = taken.next_us;
        taken.next_us = taken.next_us.saturating_add(taken.interval_us);
        taken.left -= 1;
        slot
    }

    /// Pauses the family for everybody.
    pub(super) async fn pause(&self, family: &'static str, wait: Duration) {
        self.taken.lock().await.remove(family);
        self.pace.pause(family, wait).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// GCRA by a clock that stands still.
    #[derive(Default)]
    struct Row(std::sync::Mutex<(Duration, Vec<u32>)>);

    impl SharedPace for Row {
        fn take<'a>(
            &'a self,
            _: &'static str,
            interval: Duration,
            slots: u32,
        ) -> BoxFuture<'a, Option<Turn>> {
            let mut row = self.0.lock().unwrap();
            let at_us = i64::try_from(row.0.as_micros()).unwrap();
            row.0 += interval * slots;
            row.1.push(slots);
            Box::pin(async move { Some(Turn { at_us, given_us: 0 }) })
        }

        fn pause<'a>(&'a self, _: &'static str, wait: Duration) -> BoxFuture<'a, ()> {
            let mut row = self.0.lock().unwrap();
            row.0 = row.0.max(wait);
            Box::pin(async {})
        }
    }

    #[tokio::test]
    async fn two_shares_of_one_pace_never_have_the_same_slot() {
        let row: Arc<Row> = Arc::default();
        let (one, two) = (Share::new(row.clone()), Share::new(row.clone()));
        let mut slots = Vec::new();
        for _ in 0..20 {
            slots.push(one.slot_us("contacts", 30_000, || 0).await);
            slots.push(two.slot_us("contacts", 30_000, || 0).await);
        }
        slots.sort_unstable();
        slots.dedup();
        assert_eq!(slots.len(), 40);
        assert!(slots.iter().all(|slot| slot % 30_000 == 0));
        assert!(row.0.lock().unwrap().1.iter().all(|slots| *slots == 3));
    }

    #[tokio::test]
    async fn a_slot_that_was_missed_is_given_up() {
        let row: Arc<Row> = Arc::default();
        let share = Share::new(row);
        assert_eq!(share.slot_us("contacts", 20_000, || 0).await, 0);
        // Four are left, at 20, 40, 60 and 80 ms: only the last two are still ahead.
        assert_eq!(share.slot_us("contacts", 20_000, || 65_000).await, 60_000);
        assert_eq!(share.slot_us("contacts", 20_000, || 66_000).await, 80_000);
        assert_eq!(share.slot_us("contacts", 20_000, || 66_000).await, 166_000);
    }

    #[tokio::test]
    async fn a_pause_holds_for_all_and_forgets_the_slots_that_were_taken() {
        let row: Arc<Row> = Arc::default();
        let (one, two) = (Share::new(row.clone()), Share::new(row));
        assert_eq!(one.slot_us("contacts", 20_000, || 0).await, 0);
        one.pause("contacts", Duration::from_secs(5)).await;
        assert_eq!(two.slot_us("contacts", 20_000, || 0).await, 5_000_000);
        assert_eq!(one.slot_us("contacts", 20_000, || 0).await, 5_100_000);
    }
}
