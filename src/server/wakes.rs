//! What came in wakes who reads it, from any thread.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

/// Connections whose inbox has something new.
#[derive(Debug, Default)]
pub struct Wakes {
    woken: Mutex<BTreeSet<Arc<str>>>,
    bell: Notify,
}

impl Wakes {
    /// Something was kept for a connection.
    pub fn wake(&self, connection: &Arc<str>) {
        let mut woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        woken.insert(Arc::clone(connection));
        drop(woken);
        self.bell.notify_one();
    }

    /// The connections since the last time; waits until there is one.
    pub async fn next(&self) -> BTreeSet<Arc<str>> {
        loop {
            let taken = self.take();
            if !taken.is_empty() {
                return taken;
            }
            self.bell.notified().await;
        }
    }

    fn take(&self) -> BTreeSet<Arc<str>> {
        std::mem::take(&mut *self.woken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_deliveries_are_one_waking_and_none_is_lost() {
        let wakes = Arc::new(Wakes::default());
        wakes.wake(&"support".into());
        wakes.wake(&"support".into());
        wakes.wake(&"marketing".into());
        assert_eq!(wakes.next().await.len(), 2);
        let other = Arc::clone(&wakes);
        let (found, ()) = tokio::join!(wakes.next(), async move {
            tokio::task::yield_now().await;
            other.wake(&"support".into());
        });
        assert_eq!(found.len(), 1);
    }
}
