//! Values as text.

use std::borrow::Cow;

use crate::record::Value;

/// A scalar as text: numbers as JSON writes them; none for null, lists and maps.
#[must_use]
pub fn scalar_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) | Value::Raw(_) => None,
    }
}

/// JSON without white space between its parts, members in the record's order.
#[must_use]
pub fn compact_json(value: &Value) -> String {
    let json = value.to_json();
    if !holds_raw(value) {
        return json;
    }
    // What was kept as text may hold white space; a scan serves any depth.
    let mut compact = String::with_capacity(json.len());
    let mut in_text = false;
    let mut escaped = false;
    for character in json.chars() {
        if in_text {
            in_text = escaped || character != '"';
            escaped = !escaped && character == '\\';
        } else if matches!(character, ' ' | '\n' | '\r' | '\t') {
            continue;
        } else {
            in_text = character == '"';
        }
        compact.push(character);
    }
    compact
}

fn holds_raw(value: &Value) -> bool {
    match value {
        Value::Raw(_) => true,
        Value::Array(elements) => elements.iter().any(holds_raw),
        Value::Object(members) => members.iter().any(|(_, member)| holds_raw(member)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_parts_are_compacted_outside_texts() {
        let value = Value::from(vec![
            Value::Raw(r#"{ "a b" : "\" \\" , "c":[ 1 ] }"#.into()),
            Value::from(1_i64),
        ]);
        assert_eq!(compact_json(&value), r#"[{"a b":"\" \\","c":[1]},1]"#);
    }
}
