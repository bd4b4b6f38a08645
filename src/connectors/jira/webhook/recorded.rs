//! Events as recorded in files, made to what the source yields.

use jiff::tz::TimeZone;

use super::source::as_event;
use super::told::Told;
use crate::connectors::BadRecord;
use crate::connectors::jira::spec::{Thing, Webhook};
use crate::connectors::jira::{recorded, recorded_other};
use crate::record::{Record, Value};

/// The record of a recorded event: as the source yields it, or the body of a webhook.
///
/// # Errors
/// Where it is neither.
pub fn recorded_event(given: &Value, spec: &Webhook, number: u64) -> Result<Record, BadRecord> {
    let identifier = format!("recorded-{number}");
    let told = Told::read(given, &identifier).ok();
    let mut record = match spec.thing {
        Thing::Issue => recorded(given, &spec.issues)?,
        thing => {
            let mut record = recorded_other(given, source_of(thing), &TimeZone::UTC)?;
            record.identity = record.identity.map(|id| id.with(identifier));
            record
        }
    };
    if let Some(told) = told {
        record.deleted |= told.deleted;
        record = as_event(record, &told, spec.also_polled);
    }
    Ok(record)
}

/// The source that polls such things.
const fn source_of(thing: Thing) -> &'static str {
    match thing {
        Thing::Issue => "jira.issues",
        Thing::Comment => "jira.comments",
        Thing::Worklog => "jira.worklogs",
        Thing::Version => "jira.versions",
        Thing::Sprint => "jira.sprints",
        Thing::User => "jira.users",
        Thing::Project => "jira.projects",
    }
}
