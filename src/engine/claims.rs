//! Which of several things at a service is an operation's own, where they look alike.

use std::collections::HashSet;

use crate::connectors::Found;
use crate::operation::Receipt;
use crate::state::{Lease, StateError, Store};

/// What was found of each row's operation, once it is known whose each of those is that look
/// alike: what another key is known by, or another row just took, is not this one's.
pub(super) async fn settled(
    store: &dyn Store,
    lease: &Lease,
    rows: impl Iterator<Item = i64>,
    answers: Vec<Option<Found>>,
) -> Result<Vec<Option<Found>>, StateError> {
    let mut taken: HashSet<Receipt> = HashSet::new();
    let mut settled = Vec::with_capacity(answers.len());
    for (row, answer) in rows.zip(answers) {
        let Some(Found::Among(candidates)) = answer else {
            settled.push(answer);
            continue;
        };
        let receipts = candidates.iter().filter_map(Found::receipt).cloned();
        let free = store.unclaimed(lease, row, receipts.collect()).await?;
        let own = candidates.into_iter().find(|candidate| {
            candidate
                .receipt()
                .is_some_and(|receipt| free.contains(receipt) && !taken.contains(receipt))
        });
        taken.extend(own.as_ref().and_then(Found::receipt).cloned());
        settled.push(Some(own.unwrap_or(Found::Absent)));
    }
    Ok(settled)
}
