//! Looking up rows of a CSV file.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use super::read::skip_mark;
use crate::http::{Class, Failure};
use crate::record::{Object, Value};

/// The first row for each of these sets of cells; none where no row has them. The file is read
/// once, and no more of it is kept than is asked for.
///
/// # Errors
/// Where the file cannot be read, or lacks a column.
pub fn rows(root: &Path, shown: &str, wanted: &[&Object]) -> Result<Vec<Option<Value>>, Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::new(Class::Rejected, format!("{shown} cannot be read: {why}"))
            .help("check `file` of the look-up and the file's permissions")
    };
    let file = File::open(root.join(shown)).map_err(|error| failed(&error))?;
    let mut reader = BufReader::new(file);
    skip_mark(&mut reader).map_err(|error| failed(&error))?;
    let mut rows = csv::ReaderBuilder::new()
        .flexible(false)
        .from_reader(reader);
    let header = rows
        .headers()
        .map_err(|_| failed(&"its header is no row of CSV"))?;
    let header: Vec<Arc<str>> = header.iter().map(Arc::from).collect();
    let names: Vec<&Arc<str>> = match wanted.first() {
        Some(first) => first.iter().map(|(name, _)| name).collect(),
        None => return Ok(Vec::new()),
    };
    let mut places = Vec::with_capacity(names.len());
    for name in names {
        let place = header.iter().position(|known| known == name);
        places.push(place.ok_or_else(|| failed(&format!("it has no column `{name}`")))?);
    }
    let key =
        |cells: Vec<&str>| Value::from(cells.into_iter().map(Value::from).collect::<Vec<_>>());
    let mut open: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, wanted) in wanted.iter().enumerate() {
        let cells = wanted
            .iter()
            .filter_map(|(_, cell)| cell.as_str())
            .collect();
        open.entry(key(cells).to_json()).or_default().push(index);
    }
    let mut found: Vec<Option<Value>> = vec![None; wanted.len()];
    let mut row = csv::StringRecord::new();
    while !open.is_empty() {
        match rows.read_record(&mut row) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => {
                // A line of nothing but blanks says nothing.
                if row.len() == 1 && row.iter().all(|cell| cell.trim().is_empty()) {
                    continue;
                }
                let line = error.position().map_or(0, csv::Position::line);
                return Err(failed(&format!("line {line} is no row like its header")));
            }
        }
        // Cells are compared as what is asked for was read: without blanks around them.
        let cells: Vec<&str> = places
            .iter()
            .map(|place| row.get(*place).unwrap_or_default().trim())
            .collect();
        let Some(indices) = open.remove(&key(cells).to_json()) else {
            continue;
        };
        let members: Object = header
            .iter()
            .zip(row.iter())
            .map(|(name, cell)| (Arc::clone(name), cell.into()))
            .collect();
        let members = Value::from(members);
        for index in indices {
            if let Some(place) = found.get_mut(index) {
                *place = Some(members.clone());
            }
        }
    }
    Ok(found)
}
