//! JSON APIs that have no connection, as a command asks them.

use std::path::Path;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::quota::{Logged, Quota};
use super::time::SystemClock;
use crate::config::Strings;
use crate::http::{Parts, SystemRandom, Transport};
use crate::runtime::{Kept, Web, secret_of};

/// What opens them; in the sandbox nothing leaves this machine.
pub(super) fn opens(
    (transport, quota, cancel): (&Arc<dyn Transport>, &Arc<Quota>, &CancellationToken),
    (strings, root, kept): (&Strings, &Path, &Kept),
    stays_here: bool,
) -> Web {
    let (transport, quota, cancel) = (Arc::clone(transport), Arc::clone(quota), cancel.clone());
    let (strings, root, kept) = (strings.clone(), root.to_owned(), kept.clone());
    Web {
        parts: Box::new(move || Parts {
            transport: Arc::clone(&transport),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            exchanges: Arc::new(Logged {
                connection: "http".into(),
                quota: Arc::clone(&quota),
            }),
            cancel: cancel.clone(),
            pace: None,
            share: None,
        }),
        secrets: Box::new(move |source| secret_of(source, &strings, &root, &kept)),
        stays_here,
    }
}
