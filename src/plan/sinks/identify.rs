//! Whom a sink's operations are about.

use super::super::compiler::Compiler;
use super::super::steps::Flow;
use super::values::{optional, takes};
use crate::config::{self, Written};
use crate::connectors::brevo::spec::{self as brevo, IdentityKind};
use crate::diagnostic::{Code, Span};
use crate::expression::Place;
use crate::record::Value;
use crate::shape::Kinds;

const EMPTY_IDENTIFY: Code = Code::new("sink.identify_nothing");

pub(super) fn identify(
    written: &config::Identify,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<brevo::Identify> {
    let mut part =
        |written: &Option<Written>| optional(written.as_ref(), Place::LeftOut, flow, compiler);
    let (contact_id, ext_id) = (part(&written.contact_id), part(&written.ext_id));
    let (email, phone) = (part(&written.email), part(&written.phone));
    let identify = brevo::Identify {
        contact_id: contact_id?,
        ext_id: ext_id?,
        email: email?,
        phone: phone?,
    };
    for kind in IdentityKind::ALL {
        let Some(expression) = identify.expression(kind) else {
            continue;
        };
        let kinds = match kind {
            IdentityKind::Email => Kinds::TEXT,
            IdentityKind::ContactId | IdentityKind::ExtId | IdentityKind::Phone => {
                Kinds::TEXT.union(Kinds::NUMBER)
            }
        };
        let fits = |value: &Value| brevo::is_identity(kind, value);
        takes(
            kind.name(),
            kind.describe(),
            kinds,
            &fits,
            expression,
            flow,
            compiler,
        );
    }
    Some(identify)
}

pub(super) fn says_nobody(
    written: &config::Identify,
    span: Span,
    compiler: &mut Compiler<'_>,
) -> bool {
    let nobody = written.contact_id.is_none()
        && written.ext_id.is_none()
        && written.email.is_none()
        && written.phone.is_none();
    if nobody {
        let names = IdentityKind::ALL.map(IdentityKind::name).join(", ");
        let before = compiler.source.slice(Span::new(0, span.start));
        let key = before
            .rfind("identify")
            .map_or(span, |at| Span::new(at, at + "identify".len()));
        compiler.mistake(
            EMPTY_IDENTIFY,
            "`identify` names nobody",
            key,
            "at least one is needed",
            format!("say one or more of {names}"),
        );
    }
    nobody
}
