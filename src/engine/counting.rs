//! What a run has counted so far, and telling of it.

use std::sync::Arc;

use super::{Context, RunEvent, SinkCounts, Summary};
use crate::operation::Operation;

/// The summary as it grows.
pub(super) struct Counting {
    pub(super) summary: Summary,
}

impl Counting {
    pub(super) fn sink(&mut self, name: &Arc<str>) -> &mut SinkCounts {
        self.summary.operations.entry(name.to_string()).or_default()
    }

    /// Counts the identity by which a record was matched, by the operations made of it.
    pub(super) fn matched(&mut self, operations: &[Operation]) {
        let matched = &mut self.summary.matched;
        for operation in operations {
            let identity = operation.subject.as_deref().unwrap_or(&operation.key);
            let count = match identity.split_once(':').map(|(kind, _)| kind) {
                Some("email") => &mut matched.email,
                Some("ext_id") => &mut matched.ext_id,
                Some("contact_id") => &mut matched.contact_id,
                Some("phone") => &mut matched.phone,
                _ => continue,
            };
            *count += 1;
            return;
        }
    }

    /// Counts and tells a dead letter, or what is passed over.
    pub(super) fn dead(
        &mut self,
        context: &Context<'_>,
        record: &Arc<str>,
        sink: Option<&Arc<str>>,
        (class, reason): (&str, &str),
        skipped: bool,
    ) {
        if !skipped {
            self.summary.dead_letters += 1;
        }
        context.observer.told(RunEvent::Dead {
            record: record.to_string(),
            sink: sink.map(ToString::to_string),
            class: class.into(),
            reason: reason.into(),
            skipped,
        });
    }
}
