//! Ends a batch early where every further call would fail alike.

use std::sync::{Mutex, PoisonError};

use crate::http::{Class, Failure};

/// Remembers the failure that all further calls of a batch would meet.
#[derive(Debug, Default)]
pub(super) struct Gate {
    failure: Mutex<Option<Failure>>,
}

impl Gate {
    /// The failure, once there was one: nothing more is to be sent.
    pub(super) fn closed(&self) -> Option<Failure> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sees a failure of a call that was tried as often as a call is.
    pub(super) fn see(&self, failure: &Failure) {
        // A contact that Brevo is at work on says nothing of others.
        let all_alike =
            failure.ends_the_run() || failure.is_retryable() && failure.class != Class::Busy;
        if all_alike {
            self.failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert_with(|| failure.clone());
        }
    }
}
