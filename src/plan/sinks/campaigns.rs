//! `brevo.campaigns`.

use super::super::compiler::Compiler;
use super::super::steps::Flow;
use super::contacts::list_entries;
use super::message;
use super::values::{optional, value};
use crate::config::{self, Catalog};
use crate::connectors::brevo::spec as brevo;
use crate::diagnostic::Span;
use crate::expression::Place;

pub(super) fn campaigns(
    written: &config::BrevoCampaigns,
    span: Span,
    catalog: Option<&Catalog>,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<brevo::Campaigns> {
    let id = message::id(written.id.as_ref(), span, "a campaign", flow, compiler);
    let name = value(&written.name, Place::LeftOut, flow, compiler);
    if let Some(name) = &name {
        message::text("name", name, flow, compiler);
    }
    let template = value(&written.template, Place::LeftOut, flow, compiler);
    if let Some(template) = &template {
        message::template(template, flow, compiler);
    }
    let subject = optional(written.subject.as_ref(), Place::LeftOut, flow, compiler);
    if let Some(subject) = subject.as_ref().and_then(Option::as_ref) {
        message::text("subject", subject, flow, compiler);
    }
    let sender = optional(written.sender.as_ref(), Place::LeftOut, flow, compiler);
    if let Some(written) = &written.sender
        && let Some(sender) = sender.as_ref().and_then(Option::as_ref)
    {
        super::sender::sender(written, sender, flow, compiler);
    }
    let lists = value(&written.lists, Place::LeftOut, flow, compiler);
    if let Some(lists) = &lists {
        list_entries("lists", lists, flow, compiler);
    }
    let backfill = message::backfill(written.backfill.as_ref(), compiler);
    let spec = brevo::Campaigns {
        id: id?,
        name: name?,
        template: template?,
        subject: subject?,
        sender: sender?,
        lists: brevo::Lists { value: lists? },
        backfill_ms: backfill?,
    };
    if let Some(catalog) = catalog {
        super::super::catalog::lists([&spec.lists], false, catalog, compiler);
    }
    Some(spec)
}
