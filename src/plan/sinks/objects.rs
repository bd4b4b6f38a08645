//! `brevo.objects`.

use super::super::compiler::Compiler;
use super::super::steps::Flow;
use super::message;
use super::values::{optional, takes, value, values};
use crate::config::{self, IfMissing};
use crate::connectors::brevo::spec as brevo;
use crate::expression::Place;
use crate::record::Value;
use crate::shape::Kinds;

pub(super) fn objects(
    written: &config::BrevoObjects,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<brevo::Objects> {
    let kind = value(&written.kind, Place::LeftOut, flow, compiler);
    if let Some(kind) = &kind {
        let fits = |value: &Value| value.as_str().is_some_and(brevo::is_object_type);
        let what = "1 to 32 of a-z 0-9 _";
        takes("type", what, Kinds::TEXT, &fits, kind, flow, compiler);
    }
    let ext_id = value(&written.ext_id, Place::LeftOut, flow, compiler);
    if let Some(ext_id) = &ext_id {
        message::text("ext_id", ext_id, flow, compiler);
    }
    let attributes = values(&written.attributes, Place::Destination, flow, compiler);
    let contacts = optional(written.contacts.as_ref(), Place::LeftOut, flow, compiler);
    if let Some(contacts) = contacts.as_ref().and_then(Option::as_ref) {
        let fits = |value: &Value| brevo::are_contacts(value);
        let kinds = Kinds::TEXT
            .union(Kinds::NUMBER)
            .union(Kinds::LIST)
            .union(Kinds::OBJECT);
        takes(
            "contacts",
            brevo::CONTACTS,
            kinds,
            &fits,
            contacts,
            flow,
            compiler,
        );
    }
    Some(brevo::Objects {
        kind: kind?,
        ext_id: ext_id?,
        attributes: attributes?,
        contacts: contacts?,
        if_missing: match written.if_missing.map(|written| written.value) {
            None | Some(IfMissing::Keep) => IfMissing::Keep,
            Some(IfMissing::Clear) => IfMissing::Clear,
        },
    })
}
