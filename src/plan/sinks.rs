//! Compiling sinks.

use std::sync::Arc;

use super::check;
use super::compile::{Surroundings, connection, on_error};
use super::compiler::Compiler;
use super::fit::{self, Wanted};
use super::steps::{self, Flow};
use super::{OnUnmatched, SinkKind, SinkPlan, When, sources};
use crate::config::IfMissing;
use crate::config::{self, Catalog, Keyed, Members, Sink, Written};
use crate::connectors::brevo::spec::{self as brevo, IdentityKind};
use crate::connectors::file::spec::{FileFormat, FileSink};
use crate::diagnostic::{Code, Span, Spanned};
use crate::expression::conversion::read_time;
use crate::expression::{Expression, Kind, Place, parse_duration};
use crate::operation;
use crate::record::Value;
use crate::shape::Kinds;

const NOT_YET: Code = Code::new("sink.not_supported");
const NO_IDENTITY: Code = Code::new("sink.no_identity");
const EMPTY_IDENTIFY: Code = Code::new("sink.identify_nothing");
const NO_TIME: Code = Code::new("event.no_time");
const BAD_NAME: Code = Code::new("event.bad_name");
const BAD_PROPERTY: Code = Code::new("event.bad_property_name");
const TAKEN_PROPERTY: Code = Code::new("event.reserved_property");
const BAD_DURATION: Code = Code::new("pipeline.bad_duration");
const BAD_ATTRIBUTE: Code = Code::new("contact.bad_attribute_name");
const WRONG_VALUE: Code = Code::new("sink.wrong_value");
const TAKEN: Code = Code::new("file.taken");
const FILE_FORMAT: Code = Code::new("file.sink_format");

/// Compiles a sink; none where it has a mistake.
pub(super) fn compile(
    sink: &Keyed<Sink>,
    flow: &mut Flow,
    surroundings: &Surroundings<'_>,
    compiler: &mut Compiler<'_>,
) -> Option<SinkPlan> {
    let span = sink.key;
    let common = sink.value.common();
    let mut takes_deleted = false;
    let when = common.when.and_then(|written| {
        let condition = compiler.condition(written)?;
        check::condition(&condition, flow, compiler);
        takes_deleted = condition.value.references().iter().any(|reference| {
            matches!(reference.steps.first().map(|step| &step.kind), Some(crate::expression::StepKind::Name(name)) if &**name == "deleted")
        });
        Some(When {
            condition: condition.value,
            span: written.span,
        })
    });
    let stages = steps::compile(common.transforms, flow, compiler);
    let at = compiler.source.position(span.start);
    let place = operation::Place {
        file: compiler.source.name().into(),
        line: at.line,
        column: at.column,
    };
    let name = sink.value.name();
    let needs_brevo = name.starts_with("brevo.");
    let connection = if needs_brevo {
        connection(
            "brevo",
            common.connection,
            Spanned::new(name, span),
            surroundings,
            compiler,
        )
    } else {
        None
    };
    let catalog = connection
        .as_ref()
        .and_then(|connection| surroundings.catalogs.get(connection));
    let kind = match &sink.value {
        Sink::BrevoContacts(written) => contacts(written, catalog, flow, compiler)
            .map(|sink| SinkKind::Contacts(Box::new(sink))),
        Sink::BrevoEvents(written) => events(written, span, &place, catalog, flow, compiler)
            .map(|sink| SinkKind::Events(Box::new(sink))),
        Sink::File(written) => file(written, flow, compiler).map(SinkKind::File),
        other => {
            compiler.mistake(
                NOT_YET,
                format!("`{}` is not supported by this version", other.name()),
                span,
                "not supported",
                "there are `brevo.contacts`, `brevo.events` and `file`",
            );
            None
        }
    }?;
    if needs_brevo && connection.is_none() {
        return None;
    }
    Some(SinkPlan {
        kind,
        name: name.into(),
        connection,
        when,
        takes_deleted,
        stages,
        on_error: on_error(common.on_error),
        on_unmatched: match common.on_unmatched.map(|written| written.value) {
            None | Some(config::OnUnmatched::Skip) => OnUnmatched::Skip,
            Some(config::OnUnmatched::DeadLetter) => OnUnmatched::DeadLetter,
        },
        place,
        span,
    })
}

/// Compiles a value towards a destination and checks what it reads.
fn value(
    written: &Written,
    place: Place,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<Expression> {
    let expression = compiler.expression(written, place)?;
    check::expression(&expression, flow, compiler);
    Some(expression)
}

fn optional(
    written: Option<&Written>,
    place: Place,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<Option<Expression>> {
    match written {
        None => Some(None),
        Some(written) => value(written, place, flow, compiler).map(Some),
    }
}

fn values(
    members: &Members<Written>,
    place: Place,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<Vec<(Arc<str>, Expression)>> {
    let compiled: Vec<_> = members
        .iter()
        .map(|(name, written)| {
            Some((
                Arc::clone(&name.value),
                value(written, place, flow, compiler)?,
            ))
        })
        .collect();
    compiled.into_iter().collect()
}

fn identify(
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

/// Says where a value can never be what a sink takes there.
fn takes(
    name: &str,
    what: &str,
    kinds: Kinds,
    fits: &dyn Fn(&Value) -> bool,
    expression: &Expression,
    flow: &Flow,
    compiler: &mut Compiler<'_>,
) {
    let wanted = Wanted {
        kinds,
        fits,
        element: None,
    };
    let mut found = Vec::new();
    fit::unfit(expression, &wanted, &flow.shape, &mut found);
    for (span, reason) in found {
        let help = match path_meant(compiler.source.slice(span)) {
            Some(path) => format!("did you mean `{path}`?"),
            None => format!("give `{name}` {what}, or leave it out"),
        };
        compiler.mistake(
            WRONG_VALUE,
            format!("`{name}` takes {what}, and this is {reason}"),
            span,
            format!("expected {what}"),
            help,
        );
    }
}

/// The path that a literal was probably meant to be: `fields.created`.
fn path_meant(written: &str) -> Option<String> {
    let is_name = |name: &str| {
        name.starts_with(char::is_alphabetic)
            && name.chars().all(|one| one.is_alphanumeric() || one == '_')
    };
    (written.contains('.') && written.split('.').all(is_name)).then(|| format!("$.{written}"))
}

/// A time, or what orders records.
fn time_or_number(
    name: &str,
    what: &str,
    expression: Option<&Expression>,
    flow: &Flow,
    compiler: &mut Compiler<'_>,
) {
    let Some(expression) = expression else {
        return;
    };
    let kinds = Kinds::TEXT.union(Kinds::NUMBER);
    let fits = |value: &Value| read_time(value, &jiff::tz::TimeZone::UTC).is_ok();
    takes(name, what, kinds, &fits, expression, flow, compiler);
}

fn says_nobody(written: &config::Identify, span: Span, compiler: &mut Compiler<'_>) -> bool {
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

fn contacts(
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
        super::catalog::contacts(&spec, written, catalog, flow, compiler);
    }
    Some(spec)
}

/// Says of each entry that can never name a list.
fn list_entries(name: &str, entries: &Expression, flow: &Flow, compiler: &mut Compiler<'_>) {
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
pub(super) fn is_attribute_name(name: &str) -> bool {
    let valid = |one: u8| one.is_ascii_alphanumeric() || one == b'_';
    !name.is_empty() && name.len() <= 50 && name.bytes().all(valid)
}

/// Brevo's attributes are written in capitals.
fn attribute_name(name: &Spanned<Arc<str>>, compiler: &mut Compiler<'_>) {
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

fn events(
    written: &config::BrevoEvents,
    span: Span,
    place: &operation::Place,
    catalog: Option<&Catalog>,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<brevo::Events> {
    let nobody = says_nobody(&written.identify, written.identify.span, compiler);
    let name = value(&written.name, Place::LeftOut, flow, compiler);
    if let Some(literal) = name.as_ref().and_then(Expression::as_literal)
        && !literal.as_str().is_some_and(brevo::is_event_name)
    {
        let fixed: String = literal
            .as_str()
            .filter(|name| !name.is_empty())
            // What was put in for a `${…}` is not shown in another form either.
            .filter(|_| !compiler.source.slice(written.name.span).contains("${"))
            .unwrap_or("issue_updated")
            .chars()
            .map(|one| {
                if one.is_ascii_alphanumeric() || one == '-' {
                    one
                } else {
                    '_'
                }
            })
            .collect();
        compiler.mistake(
            BAD_NAME,
            "Brevo takes no event of this name",
            written.name.span,
            "expected 1 to 255 of A-Z a-z 0-9 _ -",
            format!("write `{fixed}`"),
        );
    }
    if let Some(name) = name.as_ref().filter(|name| name.as_literal().is_none()) {
        let fits = |value: &Value| value.as_str().is_some_and(brevo::is_event_name);
        let what = "text of A-Z a-z 0-9 _ -";
        takes("name", what, Kinds::TEXT, &fits, name, flow, compiler);
    }
    let identify = identify(&written.identify, flow, compiler);
    let at = optional(written.at.as_ref(), Place::LeftOut, flow, compiler);
    let id = optional(written.id.as_ref(), Place::LeftOut, flow, compiler);
    time_or_number(
        "at",
        "a time",
        at.as_ref().and_then(Option::as_ref),
        flow,
        compiler,
    );
    if let Some(id) = id.as_ref().and_then(Option::as_ref) {
        let fits = |value: &Value| match value {
            Value::String(text) => !text.trim().is_empty(),
            value => matches!(value, Value::Number(_)),
        };
        let kinds = Kinds::TEXT.union(Kinds::NUMBER);
        takes("id", "text or a number", kinds, &fits, id, flow, compiler);
    }
    if written.id.is_none() && !flow.has_identity {
        compiler.mistake(
            NO_IDENTITY,
            "an event needs an id, and these records have none",
            span,
            "no identity",
            "say `id:` here, or `id:` at the source",
        );
    }
    if written.at.is_none() && !flow.has_time {
        compiler.mistake(
            NO_TIME,
            "an event needs a time, and these records have none",
            span,
            "no time",
            "say `at:` here, or `time:` at the source",
        );
    }
    for (name, _) in written.properties.iter() {
        if &*name.value == "event_id" {
            compiler.mistake(
                TAKEN_PROPERTY,
                "`event_id` is the event's own id",
                name.span,
                "set by flowline",
                "say `id:` to choose it, or name the property differently",
            );
        } else if !brevo::is_event_name(&name.value) {
            compiler.mistake(
                BAD_PROPERTY,
                format!("Brevo takes no property `{}`", name.value),
                name.span,
                "expected 1 to 255 of A-Z a-z 0-9 _ -",
                "name it differently",
            );
        }
    }
    let properties = values(&written.properties, Place::LeftOut, flow, compiler);
    for (name, _) in written.contact_attributes.iter() {
        attribute_name(name, compiler);
    }
    let contact_attributes = values(&written.contact_attributes, Place::LeftOut, flow, compiler);
    let backfill = written.backfill.as_ref().map_or(Some(0), |duration| {
        let parsed = parse_duration(&duration.value);
        if parsed.is_none() {
            compiler.mistake(
                BAD_DURATION,
                format!("`{}` is no duration", duration.value),
                duration.span,
                "expected e.g. `7 days`",
                "write a number and seconds, minutes, hours, days or weeks",
            );
        }
        parsed
    });
    if nobody {
        return None;
    }
    let spec = brevo::Events {
        name: name?,
        at: at?,
        identify: identify?,
        properties: properties?,
        contact_attributes: contact_attributes?,
        id: id?,
        backfill_ms: backfill?,
        zone: compiler.zone.clone(),
        at_key: place.clone(),
    };
    if let Some(catalog) = catalog {
        super::catalog::events(&spec, written, catalog, flow, compiler);
    }
    Some(spec)
}

fn file(
    written: &config::FileSink,
    flow: &mut Flow,
    compiler: &mut Compiler<'_>,
) -> Option<FileSink> {
    // Each record is written whole.
    flow.reads.whole();
    if !sources::inside(&written.path, compiler) {
        return None;
    }
    let format = match written.format.map(|format| format.value) {
        Some(config::FileSinkFormat::Jsonl) => Some(FileFormat::JsonLines),
        Some(config::FileSinkFormat::Csv) => Some(FileFormat::Csv),
        None => sources::named_format(&written.path, &["jsonl", "csv"], compiler),
    }?;
    if format == FileFormat::Json {
        compiler.mistake(
            FILE_FORMAT,
            "a `file` sink writes JSON Lines or CSV",
            written.path.span,
            "expected `.jsonl` or `.csv`",
            "name the file `….jsonl`, or say `format: jsonl`",
        );
        return None;
    }
    Some(FileSink {
        path: written.path.value.clone(),
        format,
    })
}

/// What of a project no run may replace.
const OWN: [&str; 5] = ["flowline.yaml", ".env", ".flowline", "pipelines", "catalog"];

/// Says of each `file` sink whose file is the project's own, is read by the pipeline, or is written
/// by an earlier sink.
pub(super) fn files_of_their_own(pipeline: &config::Pipeline, compiler: &mut Compiler<'_>) {
    let normal = |path: &str| -> Vec<String> {
        path.split('/')
            .filter(|part| !matches!(*part, "" | "."))
            .map(str::to_owned)
            .collect()
    };
    let mut taken: Vec<(Vec<String>, &str)> = pipeline
        .sources
        .iter()
        .filter_map(|source| match &source.value {
            config::Source::File(file) => Some((normal(&file.path.value), "read by this pipeline")),
            _ => None,
        })
        .collect();
    for sink in &pipeline.sinks {
        let Sink::File(file) = &sink.value else {
            continue;
        };
        let path = normal(&file.path.value);
        let own = path
            .first()
            .is_some_and(|first| OWN.contains(&first.as_str()))
            .then_some("the project's own");
        let by = own.or_else(|| {
            let known = taken.iter().find(|(known, _)| *known == path);
            known.map(|(_, by)| *by)
        });
        if let Some(by) = by {
            compiler.mistake(
                TAKEN,
                format!("the file `{}` is {by}", file.path.value),
                file.path.span,
                "a run would replace it",
                "name another file",
            );
        }
        taken.push((path, "written by an earlier sink"));
    }
}
