//! What this connection has just written and will soon be asked for: never more than the rows say.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::database::Fault;
use crate::operation::Operation;

/// How many operations are kept: those of a page or two. The others are read from their rows.
const MOST: usize = 1_024;

/// Forgotten whenever a transaction is undone, but for what is on its way.
#[derive(Default)]
pub(super) struct Remembered {
    operations: RefCell<HashMap<i64, Operation>>,
    /// Outbox rows that are on their way and may be sent twice, each with the time it was sent:
    /// after a crash they are just sent again, so that no row has to say so.
    on_their_way: Arc<Mutex<HashMap<i64, i64>>>,
    accounts: RefCell<HashMap<i64, Arc<str>>>,
}

impl Remembered {
    /// For another connection of this process.
    pub(super) fn shared(&self) -> Self {
        Self {
            on_their_way: Arc::clone(&self.on_their_way),
            ..Self::default()
        }
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<i64, i64>> {
        self.on_their_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the operation of an outbox row.
    pub(super) fn keep(&self, id: i64, operation: &Operation) {
        let mut operations = self.operations.borrow_mut();
        if operations.len() < MOST || operations.contains_key(&id) {
            operations.insert(id, operation.clone());
        }
    }

    /// True where the operations of all these rows are kept.
    pub(super) fn has_all(&self, mut ids: std::ops::RangeInclusive<i64>) -> bool {
        let operations = self.operations.borrow();
        ids.all(|id| operations.contains_key(&id))
    }

    /// The operation of an outbox row, once.
    pub(super) fn operation(&self, id: i64) -> Option<Operation> {
        self.operations.borrow_mut().remove(&id)
    }

    /// The account of a scope.
    pub(super) fn account(
        &self,
        scope: i64,
        find: impl FnOnce() -> Result<Arc<str>, Fault>,
    ) -> Result<Arc<str>, Fault> {
        if let Some(known) = self.accounts.borrow().get(&scope) {
            return Ok(Arc::clone(known));
        }
        let account = find()?;
        self.accounts
            .borrow_mut()
            .insert(scope, Arc::clone(&account));
        Ok(account)
    }

    /// A row that may be sent twice is on its way.
    pub(super) fn departed(&self, id: i64, sent_at: i64) {
        self.under_way().insert(id, sent_at);
    }

    /// It is no longer.
    pub(super) fn arrived(&self, id: i64) {
        self.under_way().remove(&id);
    }

    /// What is on its way, and since when.
    pub(super) fn on_their_way(&self) -> HashMap<i64, i64> {
        self.under_way().clone()
    }

    /// Another process may have had the rows since.
    pub(super) fn begin(&self) {
        self.under_way().clear();
        self.forget();
    }

    /// What was undone was never written.
    pub(super) fn forget(&self) {
        self.operations.borrow_mut().clear();
        self.accounts.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::contact;

    #[test]
    fn what_was_undone_is_forgotten_and_what_is_on_its_way_is_known_to_all() {
        let remembered = Remembered::default();
        let reader = remembered.shared();
        let operation = contact("jane", 1, "Open", &[]);
        remembered.keep(1, &operation);
        assert!(remembered.has_all(1..=1) && !remembered.has_all(1..=2));
        assert!(!reader.has_all(1..=1), "rows are read on the other one");
        assert_eq!(remembered.operation(1), Some(operation.clone()));
        assert_eq!(remembered.operation(1), None, "once");

        remembered.keep(2, &operation);
        remembered.departed(2, 7);
        remembered.forget();
        assert_eq!(remembered.operation(2), None);
        assert_eq!(reader.on_their_way(), HashMap::from([(2, 7)]));
        remembered.begin();
        assert!(reader.on_their_way().is_empty());
    }

    #[test]
    fn no_more_is_kept_than_a_page_or_two() {
        let remembered = Remembered::default();
        let operation = contact("jane", 1, "Open", &[]);
        let last = i64::try_from(MOST).unwrap() + 1;
        for id in 1..=last {
            remembered.keep(id, &operation);
        }
        assert!(remembered.has_all(1..=last - 1));
        assert_eq!(remembered.operation(last), None);
    }
}
