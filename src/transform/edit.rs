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

/// Changes each value that the paths select.
///
/// # Errors
/// The first error of `change`; the record is then not to be used.
pub(super) fn edit<E>(
    record: &mut Value,
    paths: &[Path],
    change: &mut dyn FnMut(&Value) -> Result<Edit, E>,
) -> Result<(), E> {
    for path in paths {
        // From the last to the first, so that removing an element moves none still to come.
        for location in path.locations(record).iter().rev() {
            edit_at(record, location, change)?;
        }
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
