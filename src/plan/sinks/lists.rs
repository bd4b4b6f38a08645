//! `brevo.lists`.

use super::super::compiler::Compiler;
use super::super::steps::Flow;
use super::contacts::list_entries;
use super::identify::{identify, says_nobody};
use super::values::optional;
use crate::config::{self, Catalog};
use crate::connectors::brevo::spec as brevo;
use crate::diagnostic::{Code, Span};
use crate::expression::Place;

const NO_LIST: Code = Code::new("lists.no_list");

pub(super) fn lists(
    written: &config::BrevoLists,
    span: Span,
    catalog: Option<&Catalog>,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<brevo::Members> {
    let nobody = says_nobody(&written.identify, written.identify.span, compiler);
    let identify = identify(&written.identify, flow, compiler);
    let add = optional(written.add.as_ref(), Place::LeftOut, flow, compiler);
    let remove = optional(written.remove.as_ref(), Place::LeftOut, flow, compiler);
    for (name, entries) in [("add", &add), ("remove", &remove)] {
        if let Some(entries) = entries.as_ref().and_then(Option::as_ref) {
            list_entries(name, entries, flow, compiler);
        }
    }
    if written.add.is_none() && written.remove.is_none() {
        compiler.mistake(
            NO_LIST,
            "`brevo.lists` names no list",
            span,
            "`add` or `remove` is needed",
            "say `add: [22]`, `remove: [Leads]`, or both",
        );
        return None;
    }
    if nobody {
        return None;
    }
    let spec = brevo::Members {
        identify: identify?,
        add: add?.map(|value| brevo::Lists { value }),
        remove: remove?.map(|value| brevo::Lists { value }),
        create_lists: written.create_lists.is_some_and(|on| on.value),
        folder: written.folder.as_ref().map(|folder| folder.to_value()),
    };
    if let Some(catalog) = catalog {
        let named = spec.add.iter().chain(&spec.remove);
        super::super::catalog::lists(named, spec.create_lists, catalog, compiler);
    }
    Some(spec)
}
