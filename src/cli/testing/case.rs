//! Recorded cases: what stands in `tests/pipelines/NAME/CASE.json`.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::expression::conversion::read_time;
use crate::record::Value;

/// A case and the place of its snapshot.
#[derive(Debug)]
pub(in crate::cli) struct Case {
    /// Its name: the file's without its ending.
    pub(in crate::cli) name: String,
    /// The recorded records.
    pub(in crate::cli) file: PathBuf,
    /// What the pipeline would send for them.
    pub(in crate::cli) snapshot: PathBuf,
}

/// What a case holds.
#[derive(Debug)]
pub(in crate::cli) struct Recorded {
    /// When the run is that the case plays.
    pub(in crate::cli) clock: Timestamp,
    /// The records in the order in which they were read.
    pub(in crate::cli) records: Vec<Value>,
    /// What look-ups found.
    pub(in crate::cli) lookups: Vec<Found>,
}

/// What a look-up found when the case was recorded.
#[derive(Debug)]
pub(in crate::cli) struct Found {
    /// As the pipeline names it: `jira.request`.
    pub(in crate::cli) lookup: String,
    /// What was asked for: text, or an object of columns.
    pub(in crate::cli) argument: Value,
    /// What was found; null: nothing.
    pub(in crate::cli) found: Value,
}

/// The cases of a pipeline by name; none where it has no folder.
///
/// # Errors
/// Where the folder cannot be read.
pub(in crate::cli) fn cases(root: &Path, pipeline: &str) -> Result<Vec<Case>, String> {
    let files = files(&folder(root, pipeline), "json")?;
    Ok(files
        .into_iter()
        .map(|(name, file)| Case {
            name,
            snapshot: file.with_extension("snap"),
            file,
        })
        .collect())
}

/// The snapshots beside which no case stands.
///
/// # Errors
/// Where the folder cannot be read.
pub(in crate::cli) fn orphans(root: &Path, pipeline: &str) -> Result<Vec<PathBuf>, String> {
    let files = files(&folder(root, pipeline), "snap")?;
    Ok(files
        .into_iter()
        .map(|(_, file)| file)
        .filter(|file| !file.with_extension("json").exists())
        .collect())
}

/// Folders of cases whose pipeline is gone, by name.
pub(in crate::cli) fn left_behind(root: &Path, pipelines: &[String]) -> Vec<String> {
    let entries = fs::read_dir(root.join("tests/pipelines"));
    let mut names: Vec<String> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            entry.file_name().into_string().ok().filter(|_| folder)
        })
        .filter(|name| !pipelines.contains(name))
        .collect();
    names.sort();
    names
}

fn folder(root: &Path, pipeline: &str) -> PathBuf {
    root.join("tests/pipelines").join(pipeline)
}

/// The files of a folder that end so, with their names without the ending, in order.
fn files(folder: &Path, ending: &str) -> Result<Vec<(String, PathBuf)>, String> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(folder, &error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let file = entry.map_err(|error| unreadable(folder, &error))?.path();
        if file.extension().is_some_and(|known| known == ending)
            && let Some(name) = file.file_stem().and_then(|stem| stem.to_str())
        {
            files.push((name.to_owned(), file));
        }
    }
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be read: {error}", path.display())
}

/// Reads a case.
///
/// # Errors
/// Where it is none, with what was expected.
pub(in crate::cli) fn read(text: &str) -> Result<Recorded, String> {
    const FORM: &str = "a case is `{ \"clock\": \"2026-01-31T12:00:00Z\", \"records\": [ … ] }`";
    let value = Value::from_json(text.trim_start_matches('\u{feff}'))
        .map_err(|error| format!("is no JSON: {error}"))?;
    if value.as_object().is_none() {
        return Err(format!("is {}: {FORM}", value.kind()));
    }
    let clock = value
        .get("clock")
        .ok_or_else(|| format!("has no `clock`, the time at which the case plays: {FORM}"))?;
    let clock = read_time(clock, &TimeZone::UTC)
        .map_err(|_| format!("has a `clock` that is no time: {FORM}"))?;
    let records = value
        .get("records")
        .and_then(Value::as_array)
        .ok_or_else(|| format!("has no list of `records`: {FORM}"))?;
    Ok(Recorded {
        clock,
        records: records.to_vec(),
        lookups: lookups(&value)?,
    })
}

fn lookups(case: &Value) -> Result<Vec<Found>, String> {
    const FORM: &str = "a look-up is `{ \"lookup\": \"jira.request\", \"argument\": \"SUP-1\", \"found\": { … } or null }`";
    let Some(list) = case.get("lookups") else {
        return Ok(Vec::new());
    };
    let list = list
        .as_array()
        .ok_or_else(|| format!("has `lookups` that are no list: {FORM}"))?;
    let read = |one: &Value| {
        Some(Found {
            lookup: one.get("lookup")?.as_str()?.to_owned(),
            argument: one.get("argument")?.clone(),
            found: one.get("found")?.clone(),
        })
    };
    (1..)
        .zip(list)
        .map(|(number, one)| {
            read(one).ok_or_else(|| format!("has a look-up, number {number}, that is none: {FORM}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_that_is_none_says_what_one_is() {
        for (text, part) in [
            ("{", "is no JSON"),
            ("[]", "is a list"),
            (r#"{"records":[]}"#, "has no `clock`"),
            (r#"{"clock":"soon","records":[]}"#, "no time"),
            (
                r#"{"clock":"2026-01-01T00:00:00Z"}"#,
                "no list of `records`",
            ),
        ] {
            let message = read(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
        for lookups in ["{}", "[1]", r#"[{"lookup":"file","argument":"a"}]"#] {
            let text =
                format!(r#"{{"clock":"2026-01-01T00:00:00Z","records":[],"lookups":{lookups}}}"#);
            assert!(
                read(&text).unwrap_err().contains("jira.request"),
                "{lookups}"
            );
        }
        let case = read(r#"{"clock":"2026-01-01T00:00:00Z","records":[{},{}]}"#).unwrap();
        assert_eq!(case.records.len(), 2);
    }
}
