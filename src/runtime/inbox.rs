//! The inbox as sources read it, and when its bodies go.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::source_names;
use crate::connectors::{Delivered, Deliveries, Mark};
use crate::http::{Class, Failure};
use crate::plan::{Plan, SourceKind};
use crate::state::{Inbox, InboxView, StateError};

/// How many deliveries are read at once.
const AT_ONCE: usize = 100;

/// The deliveries of one connection; none where there is no state yet.
pub(super) struct Delivery {
    pub(super) inbox: Option<Arc<dyn InboxView>>,
    pub(super) connection: Arc<str>,
}

impl Deliveries for Delivery {
    fn after(&self, number: i64) -> BoxFuture<'_, Result<Vec<Delivered>, Failure>> {
        Box::pin(async move {
            let Some(inbox) = &self.inbox else {
                return Ok(Vec::new());
            };
            let items = inbox
                .inbox_after(&self.connection, number, AT_ONCE)
                .await
                .map_err(|error| {
                    Failure::new(Class::Rejected, error.to_string()).help(error.help())
                })?;
            let delivered = |item: crate::state::InboxItem| Delivered {
                number: item.id,
                identifier: item.identifier,
                accepted_at: item.received_at,
                body: item.body,
            };
            Ok(items.into_iter().map(delivered).collect())
        })
    }
}

/// The connections whose deliveries a plan reads, with the names of the sources that read them.
#[must_use]
pub fn inbox_sources(plan: &Plan) -> Vec<(Arc<str>, String)> {
    let names = source_names(plan);
    let mut found = Vec::new();
    for (index, source) in plan.sources.iter().enumerate() {
        let Some(connection) = &source.connection else {
            continue;
        };
        let name = super::sources::source_name(&source.kind, index);
        let name = match &source.kind {
            SourceKind::JiraWebhook(_) | SourceKind::BrevoWebhook(_) => name,
            SourceKind::JiraIssues(issues) if issues.live => super::sources::inbox_name(&name),
            _ => continue,
        };
        debug_assert!(names.contains(&name), "{name} has a cursor");
        found.push((Arc::clone(connection), name));
    }
    found
}

/// Drops the bodies of deliveries that all pipelines which read their connection have gone past:
/// what people wrote does not stay longer than it is needed. `plans` are all pipelines of the
/// project that are on; where one of them cannot be read now, nothing is dropped.
///
/// # Errors
/// Where the state cannot.
pub async fn drop_worked_off(inbox: &dyn Inbox, plans: &[Arc<Plan>]) -> Result<(), StateError> {
    let mut passed: std::collections::BTreeMap<Arc<str>, i64> = std::collections::BTreeMap::new();
    for plan in plans.iter().filter(|plan| plan.enabled) {
        let sources = inbox_sources(plan);
        if sources.is_empty() {
            continue;
        }
        let cursors = inbox.cursors(&plan.name).await?;
        for (connection, source) in sources {
            let cursor = cursors.iter().find(|(name, _)| **name == *source);
            let number = cursor
                .and_then(|(_, cursor)| Mark::read(&cursor.0))
                .map_or(0, |mark| mark.number);
            let least = passed.entry(connection).or_insert(number);
            *least = number.min(*least);
        }
    }
    for (connection, number) in passed {
        if number > 0 {
            inbox.worked_off(&connection, number).await?;
        }
    }
    Ok(())
}
