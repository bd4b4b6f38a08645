//! `each`: one record a match, the match under a name, the rest kept.

use std::collections::HashMap;
use std::sync::Arc;

use super::map::set_member;
use crate::expression::Path;
use crate::record::{Record, Value};

/// One record per match; the identity grows by the match's `id` or, where it has none, its JSON.
#[derive(Debug)]
pub struct Each {
    /// The new member's name.
    pub name: Arc<str>,
    /// What is matched.
    pub path: Path,
}

impl Each {
    /// A record for each match.
    pub fn apply(&self, record: &Record, out: &mut Vec<Record>) {
        let mut seen: HashMap<Arc<str>, usize> = HashMap::new();
        for found in self.path.select(&record.value) {
            let part = identity_of(&found);
            let count = seen
                .entry(Arc::clone(&part))
                .and_modify(|count| *count += 1)
                .or_insert(1);
            let part = if *count > 1 {
                format!("{part}#{count}").into()
            } else {
                part
            };
            let mut one = record.clone();
            one.identity = one.identity.map(|identity| identity.with(part));
            set_member(&mut one.value, &self.name, found);
            out.push(one);
        }
    }
}

fn identity_of(found: &Value) -> Arc<str> {
    match found.get("id") {
        Some(Value::String(id)) => Arc::clone(id),
        Some(Value::Number(id)) => id.to_string().into(),
        _ => found.to_json().into(),
    }
}
