//! Checking what is written to an account against its catalog.

use std::sync::Arc;

use super::compiler::Compiler;
use super::fit;
use super::steps::Flow;
use crate::config::{self, AttributeType, Catalog, Members, Written};
use crate::connectors::brevo::spec::{self as brevo, ListRef};
use crate::diagnostic::{Code, Diagnostic, Severity, Spanned, nearest};
use crate::expression::{Expression, Kind};

const UNKNOWN_ATTRIBUTE: Code = Code::new("contact.unknown_attribute");
const WRONG_TYPE: Code = Code::new("contact.wrong_type");
const LIST_IN_EVENT: Code = Code::new("event.list_attribute");
const UNKNOWN_LIST: Code = Code::new("contact.unknown_list");

/// Checks the attributes and lists of a `brevo.contacts`.
pub(super) fn contacts(
    spec: &brevo::Contacts,
    written: &config::BrevoContacts,
    catalog: &Catalog,
    flow: &Flow,
    compiler: &mut Compiler<'_>,
) {
    let Catalog::Brevo(catalog) = catalog else {
        return;
    };
    attributes(
        &spec.attributes,
        &written.attributes,
        spec.create_attributes,
        catalog,
        flow,
        compiler,
    );
    let named = spec.lists.iter().chain(&spec.unlink_lists);
    known_lists(named, spec.create_lists, catalog, compiler);
}

/// Checks the lists of another sink.
pub(super) fn lists<'s>(
    named: impl IntoIterator<Item = &'s brevo::Lists>,
    create: bool,
    catalog: &Catalog,
    compiler: &mut Compiler<'_>,
) {
    if let Catalog::Brevo(catalog) = catalog {
        known_lists(named, create, catalog, compiler);
    }
}

fn known_lists<'s>(
    named: impl IntoIterator<Item = &'s brevo::Lists>,
    create: bool,
    catalog: &config::BrevoCatalog,
    compiler: &mut Compiler<'_>,
) {
    for lists in named {
        let mut literals = Vec::new();
        literal_lists(&lists.value, &mut literals);
        for (list, span) in literals {
            known_list(&list, span, create, catalog, compiler);
        }
    }
}

/// Checks the contact attributes of a `brevo.events`.
pub(super) fn events(
    spec: &brevo::Events,
    written: &config::BrevoEvents,
    catalog: &Catalog,
    flow: &Flow,
    compiler: &mut Compiler<'_>,
) {
    let Catalog::Brevo(catalog) = catalog else {
        return;
    };
    attributes(
        &spec.contact_attributes,
        &written.contact_attributes,
        false,
        catalog,
        flow,
        compiler,
    );
    for (name, _) in written.contact_attributes.iter() {
        let attribute = catalog.attributes.get(&*name.value);
        if attribute.is_some_and(|one| one.kind == AttributeType::MultipleChoice) {
            compiler.mistake(
                LIST_IN_EVENT,
                format!("an event cannot change the attribute `{}`", name.value),
                name.span,
                "takes a list",
                "write it with `brevo.contacts`",
            );
        }
    }
}

fn attributes(
    expressions: &[(Arc<str>, Expression)],
    written: &Members<Written>,
    create: bool,
    catalog: &config::BrevoCatalog,
    flow: &Flow,
    compiler: &mut Compiler<'_>,
) {
    for (name, expression) in expressions {
        let Some((key, _)) = written.entry(name) else {
            continue;
        };
        match catalog.attributes.get(&**name) {
            None => unknown_attribute(key, create, catalog, compiler),
            Some(attribute) => {
                let mut found = Vec::new();
                fit::unfit_attribute(expression, attribute, &flow.shape, &mut found);
                for (span, reason) in found {
                    let help = match attribute.kind {
                        AttributeType::Date => "convert it: `{ path: …, as: date }`",
                        AttributeType::Number => "convert it: `{ path: …, as: number }`",
                        AttributeType::Boolean => "convert it: `{ path: …, as: boolean }`",
                        AttributeType::Text => {
                            "name a member of it, or convert it: `{ path: …, as: json }`"
                        }
                        AttributeType::Category | AttributeType::MultipleChoice => {
                            "map it: `{ path: …, lookup: { FROM: LABEL } }`"
                        }
                    };
                    let help = match (&attribute.values, attribute.kind) {
                        (Some(labels), AttributeType::Category | AttributeType::MultipleChoice) => {
                            format!("{help}; its labels are {}", labels.join(", "))
                        }
                        _ => help.to_owned(),
                    };
                    compiler.mistake(
                        WRONG_TYPE,
                        format!(
                            "the attribute `{name}` takes {}, and this is {reason}",
                            attribute.kind.describe()
                        ),
                        span,
                        format!("expected {}", attribute.kind.describe()),
                        help,
                    );
                }
            }
        }
    }
}

fn unknown_attribute(
    key: &Spanned<Arc<str>>,
    create: bool,
    catalog: &config::BrevoCatalog,
    compiler: &mut Compiler<'_>,
) {
    let name = &key.value;
    if !super::sinks::is_attribute_name(name) {
        // That it can name none has been told.
        return;
    }
    let identity = matches!(&**name, "EMAIL" | "EXT_ID");
    let create = create && !identity;
    let near = nearest(name, catalog.attributes.keys().map(String::as_str));
    let help = match (near, create) {
        _ if identity => "say it under `identify:`".to_owned(),
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, true) => "a run will create it".to_owned(),
        (None, false) => "create it in Brevo, or say `create_attributes: true`; after a change there: `flowline fields --save`".to_owned(),
    };
    let mut diagnostic = Diagnostic::error(
        UNKNOWN_ATTRIBUTE,
        format!("the account has no attribute `{name}`"),
    )
    .label(key.span, "not in the catalog")
    .help(help);
    if create {
        diagnostic.severity = Severity::Warning;
    }
    compiler.diagnostics.push(diagnostic);
}

/// The lists that an expression names in so many words, and where.
pub fn literal_lists(expression: &Expression, found: &mut Vec<(ListRef, crate::diagnostic::Span)>) {
    match expression.kind() {
        Kind::List(elements) | Kind::First(elements) => {
            for element in elements {
                literal_lists(element, found);
            }
        }
        _ => {
            if let Some(list) = expression.as_literal().and_then(ListRef::from_value) {
                found.push((list, expression.span()));
            }
            if let Some(lookup) = &expression.options().lookup {
                found.extend(
                    lookup
                        .rows()
                        .iter()
                        .filter_map(|(_, to)| Some((ListRef::from_value(&to.value)?, to.span))),
                );
            }
        }
    }
}

fn known_list(
    list: &ListRef,
    span: crate::diagnostic::Span,
    create: bool,
    catalog: &config::BrevoCatalog,
    compiler: &mut Compiler<'_>,
) {
    let (known, name, near) = match list {
        ListRef::Id(id) => (
            catalog.lists.contains_key(&id.to_string()),
            id.to_string(),
            None,
        ),
        ListRef::Name(name) => (
            catalog.lists.values().any(|known| known == name),
            format!("`{name}`"),
            nearest(name, catalog.lists.values().map(String::as_str)),
        ),
    };
    if known {
        return;
    }
    let by_name = matches!(list, ListRef::Name(_));
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let lists: Vec<String> = catalog
                .lists
                .iter()
                .take(10)
                .map(|(id, name)| format!("{id} ({name})"))
                .collect();
            format!(
                "there is {}; after a change in Brevo: `flowline fields --save`",
                lists.join(", ")
            )
        }
    };
    let mut diagnostic = Diagnostic::error(UNKNOWN_LIST, format!("the account has no list {name}"))
        .label(span, "not in the catalog")
        .help(help);
    if create && by_name {
        diagnostic.severity = Severity::Warning;
    }
    compiler.diagnostics.push(diagnostic);
}
