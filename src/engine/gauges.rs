//! The gauges that a run sets.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::http::{Class, Failure};
use crate::operation::Operation;
use crate::record::{Object, Value};
use crate::state::Gauge;

/// More series than any dashboard shows, and than memory should hold.
const MOST: usize = 10_000;

/// Gauges by what tells them apart; the last one set counts.
#[derive(Debug, Default)]
pub struct Gauges(BTreeMap<Arc<str>, Gauge>);

impl Gauges {
    /// Sets gauges by their operations.
    ///
    /// # Errors
    /// Where they become too many.
    pub(super) fn add<'o>(
        &mut self,
        operations: impl Iterator<Item = &'o Operation>,
    ) -> Result<(), Failure> {
        for operation in operations {
            let payload = &operation.payload;
            let (Some(Value::String(name)), Some(Value::Number(value))) =
                (payload.get("gauge"), payload.get("value"))
            else {
                continue;
            };
            let labels = payload.get("labels").and_then(Value::as_object);
            let labels = labels.into_iter().flat_map(Object::iter);
            let labels = labels.filter_map(|(name, value)| match value {
                Value::String(value) => Some((Arc::clone(name), Arc::clone(value))),
                _ => None,
            });
            let gauge = Gauge {
                name: Arc::clone(name),
                labels: labels.collect(),
                value: value.as_f64(),
            };
            self.0.insert(Arc::clone(&operation.key), gauge);
            if self.0.len() > MOST {
                let message = format!("`metrics`: more than {MOST} different labels of one sink");
                return Err(Failure::new(Class::Rejected, message)
                    .help("label by what has few values, or `aggregate` first"));
            }
        }
        Ok(())
    }

    /// All that were set.
    pub(super) fn all(&self) -> impl Iterator<Item = &Gauge> {
        self.0.values()
    }
}
