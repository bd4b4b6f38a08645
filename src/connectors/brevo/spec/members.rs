//! `brevo.lists`: who is in which list; one operation a list and contact.
//!
//! The payload of its operations:
//!
//! ```json
//! { "identify": { "email": "jane@example.com" }, "list": 22, "in": true }
//! ```

use std::sync::Arc;

use super::message::Making;
use super::{Identify, ListRef, Lists, Made};
use crate::expression::Trouble;
use crate::operation::{Place, Policy};
use crate::record::{Object, Record, Value};

/// Who is in which list.
#[derive(Debug)]
pub struct Members {
    /// Whom it concerns.
    pub identify: Identify,
    /// Lists to be in.
    pub add: Option<Lists>,
    /// Lists not to be in; of a list in both it is taken out.
    pub remove: Option<Lists>,
    /// Lists that the account lacks are created.
    pub create_lists: bool,
    /// The folder that lists are created in.
    pub folder: Option<Value>,
}

impl Members {
    /// The operations of a record.
    ///
    /// # Errors
    /// Where the record does not have what the sink needs.
    pub fn operations(
        &self,
        record: &Record,
        sink_index: usize,
        at: &Place,
    ) -> Result<Made, Trouble> {
        let Some(identity) = self.identify.of(record)? else {
            return Ok(Made::Unmatched);
        };
        let making = Making {
            sink: "brevo.lists",
            sink_index,
            at,
            record,
            policy: Policy::Latest,
        };
        let mut made = Vec::new();
        let out: Vec<ListRef> = match &self.remove {
            Some(lists) => lists.of(record)?,
            None => Vec::new(),
        };
        let in_them = match &self.add {
            Some(lists) => lists.of(record)?,
            None => Vec::new(),
        };
        let in_them = in_them.iter().filter(|list| !out.contains(list));
        let wanted = in_them.map(|list| (list, true));
        for (list, inside) in wanted.chain(out.iter().map(|list| (list, false))) {
            let mut payload = Object::with_capacity(3);
            payload.push("identify".into(), identity.all.clone().into());
            payload.push("list".into(), list.to_value());
            payload.push("in".into(), inside.into());
            let name = match list {
                ListRef::Id(id) => id.to_string(),
                ListRef::Name(name) => Value::from(name.as_str()).to_json(),
            };
            let key = format!("{name} {}", identity.key);
            let subject = Some(Arc::clone(&identity.key));
            made.push(making.operation("brevo.lists", key, subject, payload.into()));
        }
        Ok(Made::Several(made))
    }
}
