//! `brevo.email`: transactional e-mails by template, each sent once.
//!
//! The payload of its operations:
//!
//! ```json
//! { "template": 7, "to": "jane@example.com", "params": { "key": "SUP-1" } }
//! ```

use std::sync::Arc;

use super::message::{Making, id_of, template_of};
use super::{IdentityKind, Made, is_identity};
use crate::expression::{Expression, Trouble, TroubleKind};
use crate::operation::{Place, Policy};
use crate::record::{Object, Record, Value, json_size};

/// The most bytes of parameters.
const MAX_PARAMS: usize = 100 * 1024;

/// Transactional e-mails, each known by its template and id.
#[derive(Debug)]
pub struct Email {
    /// What makes it one; the record's identity where there is none.
    pub id: Option<Expression>,
    /// The id of the template.
    pub template: Expression,
    /// Whom it goes to.
    pub to: Expression,
    /// The template's parameters, in the file's order.
    pub params: Vec<(Arc<str>, Expression)>,
    /// How old a record may be that is from before the pipeline's first run, in milliseconds.
    pub backfill_ms: i64,
}

impl Email {
    /// The operation of a record.
    ///
    /// # Errors
    /// Where the record does not have what the sink needs.
    pub fn operation(
        &self,
        record: &Record,
        sink_index: usize,
        at: &Place,
    ) -> Result<Made, Trouble> {
        let to = match self.to.evaluate(&record.value)? {
            None | Some(Value::Null) => return Ok(Made::Unmatched),
            Some(Value::String(text))
                if is_identity(IdentityKind::Email, &Value::String(text.clone())) =>
            {
                text.trim().to_lowercase()
            }
            Some(_) => {
                return Err(Trouble::new(
                    TroubleKind::Conversion,
                    "the e-mail is none",
                    "an e-mail address",
                    0..0,
                )
                .located(self.to.source(), self.to.span()));
            }
        };
        let id = id_of(self.id.as_ref(), record, "the e-mail", &self.template)?;
        let template = template_of(&self.template, record)?;
        let mut params = Object::with_capacity(self.params.len());
        for (name, expression) in &self.params {
            if let Some(value) = expression.evaluate(&record.value)?
                && !value.is_null()
            {
                params.insert(Arc::clone(name), value);
            }
        }
        let params = Value::from(params);
        let size = json_size(&params);
        if size > MAX_PARAMS {
            let message = format!("the e-mail's parameters take {size} bytes");
            let expected = "at most 100 KB: cut long texts with `max_length`";
            return Err(Trouble::new(TroubleKind::TooLarge, message, expected, 0..0)
                .located(self.template.source(), self.template.span()));
        }
        let subject: Arc<str> = format!("email:{to}").into();
        let mut payload = Object::with_capacity(3);
        payload.push("template".into(), template.into());
        payload.push("to".into(), to.into());
        payload.push("params".into(), params);
        let making = Making {
            sink: "brevo.email",
            sink_index,
            at,
            record,
            policy: Policy::Once,
        };
        let scope = format!("brevo.email/{template}");
        let operation = making.operation(scope, id, Some(subject), payload.into());
        Ok(Made::Operation(Box::new(operation)))
    }
}
