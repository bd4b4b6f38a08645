//! Changing in place what paths select: `remove`, `mask`, `adf_to_text`.

use std::sync::Arc;

use crate::expression::{LocationStep, Path};
use crate::record::Value;

/// What becomes of a value.
pub(super) enum Edit {
    /// It stays.
    Keep,
    /// It is replaced.
    Replace(Value),
    /// It goes.
    Remove,
}

/// Changes each value that the paths select, once: all paths read the record before the step,
/// and what stands inside a value that is changed goes with it.
///
/// # Errors
/// The first error of `change`; the record is then not to be used.
pub(super) fn edit<E>(
    record: &mut Value,
    paths: &[Path],
    change: &mut dyn FnMut(&Value) -> Result<Edit, E>,
) -> Result<(), E> {
    let mut locations: Vec<_> = paths
        .iter()
        .flat_map(|path| path.locations(record))
        .collect();
    locations.sort_unstable();
    // What stands inside a value comes right after it.
    locations.dedup_by(|inner, outer| inner.starts_with(outer));
    // From the last to the first, so that removing an element moves none still to come.
    for location in locations.iter().rev() {
        edit_at(record, location, change)?;
    }
    Ok(())
}

fn edit_at<E>(
    value: &mut Value,
    location: &[LocationStep],
    change: &mut dyn FnMut(&Value) -> Result<Edit, E>,
) -> Result<(), E> {
    let [step, rest @ ..] = location else {
        match change(value)? {
            Edit::Replace(new) => *value = new,
            Edit::Remove => *value = Value::Null,
            Edit::Keep => {}
        }
        return Ok(());
    };
    if let Value::Raw(json) = value
        && let Ok(tree) = Value::from_json(json)
    {
        *value = tree;
    }
    match (value, step) {
        (Value::Object(members), LocationStep::Name(name)) => {
            let members = Arc::make_mut(members);
            let Some(inner) = members.get_mut(name) else {
                return Ok(());
            };
            if rest.is_empty()
                && let Edit::Remove = apply(inner, change)?
            {
                members.remove(name);
            } else if !rest.is_empty() {
                edit_at(inner, rest, change)?;
            }
        }
        (Value::Array(elements), LocationStep::Index(index)) => {
            let elements = Arc::make_mut(elements);
            let Some(inner) = elements.get_mut(*index) else {
                return Ok(());
            };
            if rest.is_empty()
                && let Edit::Remove = apply(inner, change)?
            {
                elements.remove(*index);
            } else if !rest.is_empty() {
                edit_at(inner, rest, change)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn apply<E>(
    value: &mut Value,
    change: &mut dyn FnMut(&Value) -> Result<Edit, E>,
) -> Result<Edit, E> {
    let edit = change(value)?;
    if let Edit::Replace(new) = edit {
        *value = new;
        return Ok(Edit::Keep);
    }
    Ok(edit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn removed(paths: &[&str], json: &str) -> String {
        let paths: Vec<Path> = paths
            .iter()
            .map(|path| Path::parse(path).unwrap())
            .collect();
        let mut value = Value::from_json(json).unwrap();
        let mut seen = 0;
        let done: Result<(), String> = edit(&mut value, &paths, &mut |_| {
            seen += 1;
            Ok(Edit::Remove)
        });
        done.unwrap();
        format!("{seen} {}", value.to_json())
    }

    #[test]
    fn each_value_is_changed_once_however_often_it_is_selected() {
        let list = r#"{"l":[0,1,2,3]}"#;
        for (paths, left) in [
            (&["$.l[0]", "$.l[1]"][..], r#"2 {"l":[2,3]}"#),
            (&["$.l[2,0]"], r#"2 {"l":[1,3]}"#),
            (&["$.l[1,1]", "$.l[1]"], r#"1 {"l":[0,2,3]}"#),
            (&["$.l[-1]", "$.l[3]"], r#"1 {"l":[0,1,2]}"#),
            (&["$.l", "$.l[0]"], "1 {}"),
            (&["$.l[0]", "$.l"], "1 {}"),
            (&["$.x", "$.l.x", "$.l[9]"], r#"0 {"l":[0,1,2,3]}"#),
        ] {
            assert_eq!(removed(paths, list), left, "{paths:?}");
        }
        assert_eq!(
            removed(&["$..x"], r#"{"a":{"x":{"x":1}},"x":[{"x":2}]}"#),
            r#"2 {"a":{}}"#
        );
    }
}
