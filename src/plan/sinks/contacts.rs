//! `brevo.contacts`.

use std::sync::Arc;

use super::super::compiler::Compiler;
use super::super::steps::Flow;
use super::identify::{identify, says_nobody};
use super::values::{optional, takes, time_or_number, values};
use crate::config::{self, Catalog, IfMissing};
use crate::connectors::brevo::spec as brevo;
use crate::diagnostic::{Code, Spanned};
use crate::expression::{Expression, Kind, Place};
use crate::record::Value;
use crate::shape::Kinds;

const BAD_ATTRIBUTE: Code = Code::new("contact.bad_attribute_name");

pub(super) fn contacts(
    written: &config::BrevoContacts,
    catalog: Option<&Catalog>,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<brevo::Contacts> {
    let nobody = says_nobody(&written.identify, written.identify.span, compiler);
    let identify = identify(&written.identify, flow, compiler);
    for (name, _) in written.attributes.iter() {
        attribute_name(name, compiler);
    }
    let attributes = values(&written.attributes, Place::Destination, flow, compiler);
    let lists = optional(written.lists.as_ref(), Place::LeftOut, flow, compiler);
    let unlink = optional(
        written.unlink_lists.as_ref(),
        Place::LeftOut,
        flow,
        compiler,
    );
    let order_by = optional(written.order_by.as_ref(), Place::LeftOut, flow, compiler);
    let consent = written
        .consent
        .as_ref()
        .map_or(Some(brevo::Consent::default()), |consent| {
            let email = optional(
                consent.email_blacklisted.as_ref(),
                Place::LeftOut,
                flow,
                compiler,
            );
            let sms = optional(
                consent.sms_blacklisted.as_ref(),
                Place::LeftOut,
                flow,
                compiler,
            );
            Some(brevo::Consent {
                email_blacklisted: email?,
                sms_blacklisted: sms?,
            })
        });
    let ordered = order_by.as_ref().and_then(Option::as_ref);
    time_or_number(
        "order_by",
        "a time or a number of each record",
        ordered,
        flow,
        compiler,
    );
    if let Some(consent) = &consent {
        for (name, flag) in [
            ("email_blacklisted", &consent.email_blacklisted),
            ("sms_blacklisted", &consent.sms_blacklisted),
        ] {
            if let Some(flag) = flag {
                let fits = |value: &Value| matches!(value, Value::Bool(_));
                takes(
                    name,
                    "true or false",
                    Kinds::BOOLEAN,
                    &fits,
                    flag,
                    flow,
                    compiler,
                );
            }
        }
    }
    for (name, entries) in [("lists", &lists), ("unlink_lists", &unlink)] {
        if let Some(entries) = entries.as_ref().and_then(Option::as_ref) {
            list_entries(name, entries, flow, compiler);
        }
    }
    if nobody {
        return None;
    }
    let spec = brevo::Contacts {
        identify: identify?,
        attributes: attributes?,
        lists: lists?.map(|value| brevo::Lists { value }),
        unlink_lists: unlink?.map(|value| brevo::Lists { value }),
        order_by: order_by?,
        mode: match written.mode.map(|mode| mode.value) {
            None | Some(config::ContactMode::Upsert) => brevo::Mode::Upsert,
            Some(config::ContactMode::Update) => brevo::Mode::Update,
            Some(config::ContactMode::Create) => brevo::Mode::Create,
        },
        create_attributes: written.create_attributes.is_some_and(|on| on.value),
        create_lists: written.create_lists.is_some_and(|on| on.value),
        folder: written.folder.as_ref().map(|folder| folder.to_value()),
        consent: consent?,
        if_missing: match written.if_missing.map(|written| written.value) {
            None | Some(config::IfMissing::Keep) => IfMissing::Keep,
            Some(config::IfMissing::Clear) => IfMissing::Clear,
        },
    };
    if let Some(catalog) = catalog {
        super::super::catalog::contacts(&spec, written, catalog, flow, compiler);
    }
    Some(spec)
}

/// Says of each entry that can never name a list.
pub(super) fn list_entries(
    name: &str,
    entries: &Expression,
    flow: &Flow,
    compiler: &mut Compiler<'_>,
) {
    let bare = entries.options().change_nothing();
    match entries.kind() {
        Kind::List(entries) | Kind::First(entries) if bare => {
            for entry in entries {
                list_entries(name, entry, flow, compiler);
            }
        }
        Kind::Map([(key, _)]) if &**key == "name" => {}
        _ => {
            let kinds = Kinds::TEXT.union(Kinds::NUMBER).union(Kinds::LIST);
            takes(
                name,
                "ids as numbers and names as texts",
                kinds,
                &brevo::are_lists,
                entries,
                flow,
                compiler,
            );
        }
    }
}

/// True for what Brevo takes as the name of an attribute.
pub(in crate::plan) fn is_attribute_name(name: &str) -> bool {
    let valid = |one: u8| one.is_ascii_alphanumeric() || one == b'_';
    !name.is_empty() && name.len() <= 50 && name.bytes().all(valid)
}

/// Brevo's attributes are written in capitals.
pub(super) fn attribute_name(name: &Spanned<Arc<str>>, compiler: &mut Compiler<'_>) {
    if !is_attribute_name(&name.value) {
        compiler.mistake(
            BAD_ATTRIBUTE,
            format!("`{}` cannot name an attribute", name.value),
            name.span,
            "expected A-Z, 0-9 and `_`",
            "write it as Brevo shows it under Contacts › Settings › Contact attributes",
        );
    }
}
