//! Which calls a run would make, and how long they take by the services' limits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(super) use crate::cli::quota::Calls;
use crate::runtime::Connected;

/// The calls that were made since.
pub(super) fn since(before: &Calls, now: &Calls) -> Calls {
    let made = now.iter().map(|(key, count)| {
        let known = before.get(key).copied().unwrap_or_default();
        (key.clone(), count.saturating_sub(known))
    });
    made.filter(|(_, count)| *count > 0).collect()
}

/// Adds calls of a connection.
pub(super) fn add(calls: &mut Calls, connection: &Arc<str>, family: &'static str, count: u64) {
    if count > 0 {
        *calls.entry((Arc::clone(connection), family)).or_default() += count;
    }
}

/// All connections' calls of each family.
pub(super) fn by_family(calls: &Calls) -> BTreeMap<&'static str, u64> {
    let mut families = BTreeMap::new();
    for ((_, family), count) in calls {
        *families.entry(*family).or_default() += count;
    }
    families
}

/// How long that takes in seconds, by the limits as documented or as the services stated them.
pub(super) fn estimate(calls: &Calls, connected: &Connected) -> u64 {
    let takes = calls.iter().map(|((connection, family), count)| {
        let jira = connected.jira.get(connection);
        let brevo = connected.brevo.get(connection);
        jira.map(|session| session.forecast(family, *count))
            .or_else(|| brevo.map(|session| session.forecast(family, *count)))
            .unwrap_or_default()
    });
    let all: Duration = takes.sum();
    all.as_millis()
        .div_ceil(1_000)
        .try_into()
        .unwrap_or(u64::MAX)
}
