//! What a run has counted so far, and telling of it.

use std::sync::Arc;

use super::{Context, RunEvent, SinkCounts, Summary};
use crate::operation::Operation;

/// A record's name where nobody is named by it: an issue's key (`SUP-12`), a place in a file
/// (`people.csv#3`). Other names are values of records, and those are for `dead-letters` to show.
pub(super) fn public_name(name: &str) -> &str {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let project = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_uppercase())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let is_key = name
        .rsplit_once('-')
        .is_some_and(|(before, number)| project(before) && digits(number));
    let is_place = name
        .rsplit_once(['#', ':'])
        .is_some_and(|(path, number)| digits(number) && path.contains('.') && !path.contains('@'));
    if is_key || is_place { name } else { "a record" }
}

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
            record: public_name(record).to_owned(),
            sink: sink.map(ToString::to_string),
            class: class.into(),
            reason: reason.into(),
            skipped,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::public_name;

    #[test]
    fn who_a_record_is_about_is_not_told() {
        for name in ["SUP-12", "A2_B-1", "people.csv#3", "in/people.jsonl:12"] {
            assert_eq!(public_name(name), name);
        }
        for name in [
            "jane@example.com",
            "Jane Doe",
            "jane@example.com:2",
            "557058:12",
            "jane-1",
        ] {
            assert_eq!(public_name(name), "a record");
        }
    }
}
