//! How the commands on the state tell times and tables, and open the state.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use comfy_table::{Table, presets};
use jiff::Timestamp;

use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::services;
use crate::connectors::Cursor;
use crate::diagnostic::{Diagnostics, Severity, nearest};
use crate::expression::conversion::write_datetime;
use crate::project::{Opened, PROJECT_FILE};
use crate::state::{DatabaseTime, SqliteStore, StateError, StateReader};

/// A time in epoch milliseconds as RFC 3339 in UTC.
#[must_use]
pub(super) fn time(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| milliseconds.to_string(), write_datetime)
}

/// A time in epoch milliseconds for people: to the minute, in UTC.
#[must_use]
pub(super) fn short_time(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).map_or_else(
        |_| milliseconds.to_string(),
        |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}

/// A day, for people, in UTC.
#[must_use]
pub(super) fn day(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).map_or_else(
        |_| milliseconds.to_string(),
        |at| at.strftime("%Y-%m-%d").to_string(),
    )
}

/// How long ago that was, for people: `3 min ago`.
#[must_use]
pub(super) fn ago(milliseconds: i64, now: Timestamp) -> String {
    let seconds = now.as_millisecond().saturating_sub(milliseconds) / 1_000;
    match seconds {
        ..=0 => "now".to_owned(),
        1..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// The time of a source's cursor in epoch milliseconds, where its cursor is one.
#[must_use]
pub(super) fn cursor_time(source: &str, cursor: &Cursor) -> Option<i64> {
    let timed =
        source.starts_with("jira.") && !source.starts_with("jira.webhook") && !is_of_inbox(source);
    timed.then(|| cursor.0.parse().ok()).flatten()
}

/// True for the place in the inbox that a live source keeps beside its cursor: a number that says
/// nothing of how far the source has come.
#[must_use]
pub(super) fn is_of_inbox(source: &str) -> bool {
    source.ends_with("/inbox")
}

/// A cursor as a person reads it.
#[must_use]
pub(super) fn cursor_text(source: &str, cursor: &Cursor) -> String {
    cursor_time(source, cursor).map_or_else(|| cursor.0.clone(), time)
}

/// A table without lines, as wide as its contents.
#[must_use]
pub(super) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if !header.is_empty() {
        table.set_header(header.to_vec());
    }
    for row in rows {
        table.add_row(row);
    }
    // Without lines around it a table has its first column's padding before it.
    table
        .lines()
        .map(|line| {
            line.strip_prefix(' ')
                .unwrap_or(&line)
                .trim_end()
                .to_owned()
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Says that there is no pipeline of this name, neither a file nor something in the state.
pub(super) fn no_pipeline(name: &str, opened: &Opened, output: &Output) -> Exit {
    output.error(&format!("there is no pipeline `{name}`"));
    let near = nearest(name, opened.names.iter().map(String::as_str));
    output.help(&near.map_or_else(
        || "`flowline status` lists what there is".to_owned(),
        |near| format!("did you mean `{near}`?"),
    ));
    Exit::Wrong
}

/// The project and where its state is. A pipeline's mistakes do not stand in the way.
///
/// # Errors
/// Where flowline.yaml cannot say where the state is; that has been said.
pub(super) fn state_of(context: &Context) -> Result<(Opened, PathBuf), Exit> {
    let opened = context.open()?;
    let mut mistakes = Diagnostics::new();
    mistakes.extend(
        opened
            .diagnostics
            .iter()
            .filter(|one| {
                let file = one.source.as_ref().map(|source| source.name());
                one.severity == Severity::Error && file.is_none_or(|file| file == PROJECT_FILE)
            })
            .cloned(),
    );
    if !mistakes.is_empty() {
        context.output.diagnostics(&mistakes);
        return Err(Exit::Wrong);
    }
    let file = services::state_file(context, &opened);
    Ok((opened, file))
}

/// The connections that are named, else all.
///
/// # Errors
/// Where one is not there; it has been said.
pub(super) fn named_connections(
    opened: &Opened,
    named: &[String],
    output: &Output,
) -> Result<Vec<Arc<str>>, Exit> {
    let connections = opened.loaded.iter().flat_map(|loaded| {
        let all = loaded.project.connections.iter();
        all.map(|(name, _)| Arc::clone(&name.value))
    });
    let known: Vec<Arc<str>> = connections.collect();
    if let Some(one) = named
        .iter()
        .find(|one| !known.iter().any(|name| **name == ***one))
    {
        output.error(&format!("there is no connection `{one}`"));
        let near = nearest(one, known.iter().map(|name| &**name));
        output.help(&match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "flowline.yaml has no connections".to_owned(),
            None => format!("there is {}", known.join(", ")),
        });
        return Err(Exit::Wrong);
    }
    let wanted = known.into_iter();
    Ok(wanted
        .filter(|name| named.is_empty() || named.iter().any(|one| **one == **name))
        .collect())
}

/// The connection of a service that a command works with: the one that is named, else the only one.
///
/// # Errors
/// Where there is none, or a choice; it has been said.
pub(super) fn one_connection(
    opened: &Opened,
    service: &str,
    named: Option<&str>,
    output: &Output,
) -> Result<Arc<str>, Exit> {
    let connections = opened.loaded.iter().flat_map(|loaded| {
        let all = loaded.project.connections.iter();
        all.filter(|(_, connection)| connection.value.service() == service)
            .map(|(name, _)| Arc::clone(&name.value))
    });
    let known: Vec<Arc<str>> = connections.collect();
    let found = match named {
        Some(named) => known.iter().find(|name| ***name == *named),
        None if known.len() == 1 => known.first(),
        None => None,
    };
    if let Some(found) = found {
        return Ok(Arc::clone(found));
    }
    let there = known.join(", ");
    match named {
        Some(named) => {
            output.error(&format!("there is no {service} connection `{named}`"));
            let near = nearest(named, known.iter().map(|name| &**name));
            output.help(&match near {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => format!("flowline.yaml has no {service} connection"),
                None => format!("there is {there}"),
            });
        }
        None if known.is_empty() => {
            output.error(&format!("flowline.yaml has no {service} connection"));
            output.help("add one under `connections:`; `flowline init` shows how");
        }
        None => {
            output.error(&format!("which {service} connection? there is {there}"));
            output.help("name one: `--connection NAME`");
        }
    }
    Err(Exit::Wrong)
}

/// Opens the state to look at it; none where there is none yet.
///
/// # Errors
/// Where it cannot be read; that has been said.
pub(super) fn look(file: &Path, output: &Output) -> Result<Option<StateReader>, Exit> {
    StateReader::open_existing(file).map_err(|error| refuse(&error, output))
}

/// Opens a state that is there to change it; none where there is none yet.
///
/// # Errors
/// Where it cannot be opened; that has been said.
pub(super) fn open(file: &Path, output: &Output) -> Result<Option<SqliteStore>, Exit> {
    if look(file, output)?.is_none() {
        return Ok(None);
    }
    SqliteStore::open(file, DatabaseTime::Own)
        .map(Some)
        .map_err(|error| refuse(&error, output))
}

/// Says what is wrong with the state and what to do.
pub(super) fn refuse(error: &StateError, output: &Output) -> Exit {
    output.error(&error.to_string());
    output.help(&error.help());
    match error.exit_code() {
        4 => Exit::Unsettled,
        _ => Exit::Wrong,
    }
}

/// Asks before something that cannot be undone; without a terminal nobody is asked.
#[must_use]
pub(super) fn agreed(yes: bool, question: &str, output: &Output) -> bool {
    yes || !crate::cli::env::Environment::can_ask() || output.confirm(question)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_for_people_and_for_scripts() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        for (seconds, text) in [
            (1_000_000, "now"),
            (999_990, "10 s ago"),
            (999_000, "16 min ago"),
            (990_000, "2 h ago"),
            (100_000, "10 days ago"),
        ] {
            assert_eq!(ago(seconds * 1_000, now), text);
        }
        assert_eq!(time(1_500), "1970-01-01T00:00:01.500Z");
        assert_eq!(
            cursor_text("jira.issues", &Cursor("1500".into())),
            "1970-01-01T00:00:01.500Z"
        );
        assert_eq!(cursor_text("http", &Cursor("1500".into())), "1500");
    }

    #[test]
    fn tables_have_no_white_space_at_the_ends_of_lines() {
        let table = table(&["a", "b"], [vec!["1".to_owned(), "2".to_owned()]]);
        assert!(table.lines().all(|line| line == line.trim_end()), "{table}");
    }
}
