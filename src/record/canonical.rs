//! One text for all values that are equal, for fingerprints.

use std::fmt::Write as _;

use super::{Number, Object, Value};

/// Compact JSON with the members of objects sorted by name and equal numbers written alike.
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write(value, true, &mut out);
    out
}

/// `expand`: raw text is read into a tree once; what is raw inside it lies too deep and stays.
fn write(value: &Value, expand: bool, out: &mut String) {
    match value {
        Value::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(element, expand, out);
            }
            out.push(']');
        }
        Value::Object(members) => write_object(members, expand, out),
        Value::Number(number) => write_number(*number, out),
        Value::Raw(json) => match Value::from_json(json) {
            Ok(tree) if expand => write(&tree, false, out),
            _ => out.push_str(json),
        },
        scalar => scalar.write_json(out),
    }
}

fn write_object(members: &Object, expand: bool, out: &mut String) {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_unstable_by(|left, right| left.0.cmp(right.0));
    out.push('{');
    for (index, (name, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        super::value::write_json_string(name, out);
        out.push(':');
        write(value, expand, out);
    }
    out.push('}');
}

fn write_number(number: Number, out: &mut String) {
    let written = match number.exact() {
        Some(integer) => write!(out, "{integer}"),
        None => write!(out, "{number}"),
    };
    // Writing to a string cannot fail.
    written.unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_one_text() {
        let left = Value::from_json(r#"{"b":[1.0,{"y":1,"x":2}],"a":null}"#).unwrap();
        let right = Value::from_json(r#"{"a":null,"b":[1,{"x":2,"y":1}]}"#).unwrap();
        assert_eq!(canonical_json(&left), canonical_json(&right));
        assert_eq!(left, right);
        for (left, right) in [
            ("1", "1.0"),
            ("0", "-0.0"),
            ("10000000000000000000", "1e19"),
        ] {
            let (left, right) = (
                Value::from_json(left).unwrap(),
                Value::from_json(right).unwrap(),
            );
            assert_eq!(canonical_json(&left), canonical_json(&right));
            assert_eq!(left, right);
        }
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(canonical_json(&Value::from_json(&deep).unwrap()), deep);
    }
}
