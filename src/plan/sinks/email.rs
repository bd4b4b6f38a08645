//! `brevo.email`.

use super::super::compiler::Compiler;
use super::super::steps::Flow;
use super::message;
use super::values::{takes, value, values};
use crate::config;
use crate::connectors::brevo::spec::{self as brevo, IdentityKind};
use crate::diagnostic::Span;
use crate::expression::Place;
use crate::record::Value;
use crate::shape::Kinds;

pub(super) fn email(
    written: &config::BrevoEmail,
    span: Span,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<brevo::Email> {
    let id = message::id(written.id.as_ref(), span, "an e-mail", flow, compiler);
    let template = value(&written.template, Place::LeftOut, flow, compiler);
    if let Some(template) = &template {
        message::template(template, flow, compiler);
    }
    let to = value(&written.to, Place::LeftOut, flow, compiler);
    if let Some(to) = &to {
        let fits = |value: &Value| brevo::is_identity(IdentityKind::Email, value);
        let what = IdentityKind::Email.describe();
        takes("to", what, Kinds::TEXT, &fits, to, flow, compiler);
    }
    let params = values(&written.params, Place::LeftOut, flow, compiler);
    let backfill = message::backfill(written.backfill.as_ref(), compiler);
    Some(brevo::Email {
        id: id?,
        template: template?,
        to: to?,
        params: params?,
        backfill_ms: backfill?,
    })
}
