//! Who a campaign comes from.

use super::super::compiler::Compiler;
use super::super::steps::Flow;
use super::message;
use super::values::takes;
use crate::config::Written;
use crate::connectors::brevo::spec::{self as brevo, IdentityKind};
use crate::diagnostic::{Code, Span, nearest};
use crate::expression::{Expression, Kind};
use crate::record::Value;
use crate::shape::Kinds;
use crate::syntax::Kind as NodeKind;

const WRONG_SENDER: Code = Code::new("sink.wrong_sender");
const MEMBERS: [&str; 3] = ["email", "name", "id"];

/// Says where a sender can never be one.
pub(super) fn sender(
    written: &Written,
    sender: &Expression,
    flow: &Flow,
    compiler: &mut Compiler<'_>,
) {
    let Kind::Map(members) = sender.kind() else {
        let fits = |value: &Value| brevo::is_sender(value);
        let kinds = Kinds::OBJECT;
        takes(
            "sender",
            brevo::SENDER,
            kinds,
            &fits,
            sender,
            flow,
            compiler,
        );
        return;
    };
    let mut refuse = |message: String, span: Span, label: &str, help: String| {
        compiler.mistake(WRONG_SENDER, message, span, label, help);
    };
    let mut known = true;
    if let NodeKind::Map(entries) = &written.kind {
        for entry in entries {
            let name = &*entry.key.value;
            if MEMBERS.contains(&name) {
                continue;
            }
            known = false;
            let help = match nearest(name, MEMBERS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write {}", brevo::SENDER),
            };
            let message = format!("a sender has no `{name}`");
            refuse(message, entry.key.span, "no member of a sender", help);
        }
    }
    let has = |name: &str| members.iter().any(|(member, _)| &**member == name);
    // What is misspelt may be the one that is missing.
    if known && has("email") == has("id") {
        let message = if has("id") {
            "a sender is named by its e-mail or its id, not by both"
        } else {
            "a sender is named by its e-mail or its id, and this has neither"
        };
        let help = format!("write {}", brevo::SENDER);
        refuse(message.to_owned(), written.span, "no sender", help);
    }
    for (member, value) in members {
        match &**member {
            "email" => {
                let fits = |value: &Value| brevo::is_identity(IdentityKind::Email, value);
                let what = IdentityKind::Email.describe();
                takes("email", what, Kinds::TEXT, &fits, value, flow, compiler);
            }
            "id" => {
                let fits = |value: &Value| matches!(value, Value::Number(id) if id.as_i64().is_some_and(|id| id > 0));
                let what = "the id of a sender, a number";
                takes("id", what, Kinds::NUMBER, &fits, value, flow, compiler);
            }
            "name" => message::text("name", value, flow, compiler),
            _ => {}
        }
    }
}
