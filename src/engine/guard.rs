//! Guards: what stops a run before anything is written.

/// A pipeline's guard.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Guard {
    /// At most so many operations that differ from the ledger.
    pub max_changes: Option<u64>,
    /// At most this share of the contacts known, from 50 on; 0 to 1.
    pub max_share: Option<f64>,
    /// At most this share of the records read as dead letters; 0 to 1.
    pub max_dead: Option<f64>,
}

/// From how many contacts on a share of them means something.
const SHARE_FROM: u64 = 50;

/// What a run would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Measured {
    pub(super) changes: u64,
    pub(super) contacts_changed: u64,
    pub(super) contacts_known: u64,
    pub(super) dead: u64,
    pub(super) read: u64,
}

impl Guard {
    /// Why the run may not go on, in one sentence; none where it may.
    pub(super) fn trips(&self, measured: Measured) -> Option<String> {
        let Measured {
            changes,
            contacts_changed,
            contacts_known,
            dead,
            read,
        } = measured;
        if let Some(max) = self.max_changes
            && changes > max
        {
            return Some(format!(
                "{changes} operations differ from what was sent, `max_changes` is {max}"
            ));
        }
        if let Some(max) = self.max_share
            && contacts_known >= SHARE_FROM
            && exceeds(contacts_changed, contacts_known, max)
        {
            return Some(format!(
                "{contacts_changed} of the {contacts_known} contacts known would change, \
                 `max_share` is {}%",
                max * 100.0
            ));
        }
        if let Some(max) = self.max_dead
            && read > 0
            && exceeds(dead, read, max)
        {
            return Some(format!(
                "{dead} of the {read} records read would be dead letters, `max_dead` is {}%",
                max * 100.0
            ));
        }
        None
    }
}

/// True where the part is a larger share of the whole than allowed; a part in ten million more
/// is no more, so that 20% of 50 is 10.
fn exceeds(part: u64, whole: u64, share: f64) -> bool {
    part as f64 > whole as f64 * share * (1.0 + 1e-7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_trips_only_beyond_its_limit() {
        let guard = Guard {
            max_changes: Some(10),
            max_share: Some(0.2),
            max_dead: Some(0.05),
        };
        let fine = Measured {
            changes: 10,
            contacts_changed: 10,
            contacts_known: 50,
            dead: 5,
            read: 100,
        };
        assert_eq!(guard.trips(fine), None);
        assert!(
            guard
                .trips(Measured {
                    changes: 11,
                    ..fine
                })
                .unwrap()
                .contains("max_changes")
        );
        let share = Measured {
            contacts_changed: 11,
            ..fine
        };
        assert!(guard.trips(share).unwrap().contains("max_share"));
        assert_eq!(
            guard.trips(Measured {
                contacts_known: 49,
                ..share
            }),
            None
        );
        assert!(
            guard
                .trips(Measured { dead: 6, ..fine })
                .unwrap()
                .contains("max_dead")
        );
        assert_eq!(
            Guard::default().trips(Measured {
                changes: 9999,
                ..share
            }),
            None
        );
    }
}
