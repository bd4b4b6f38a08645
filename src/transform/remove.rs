//! `remove`: fields that go.

use super::edit::{Edit, edit};
use crate::expression::Path;
use crate::record::Record;

/// Removes what the paths select.
#[derive(Debug)]
pub struct Remove {
    /// What goes.
    pub paths: Vec<Path>,
}

impl Remove {
    /// The record without it.
    #[must_use]
    pub fn apply(&self, mut record: Record) -> Record {
        let done: Result<(), std::convert::Infallible> =
            edit(&mut record.value, &self.paths, &mut |_| Ok(Edit::Remove));
        match done {
            Ok(()) => record,
            Err(never) => match never {},
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::testing::{one, said_of};

    #[test]
    fn removes_fields_wherever_the_paths_find_them() {
        for (paths, left) in [
            ("$.a", r#"{"l":[{"a":1,"b":2},{"a":3}],"n":null}"#),
            ("'$.l[*].a', $.n", r#"{"a":{"b":1},"l":[{"b":2},{}]}"#),
            ("'$..a'", r#"{"l":[{"b":2},{}],"n":null}"#),
            ("'$.l[0]'", r#"{"a":{"b":1},"l":[{"a":3}],"n":null}"#),
            (
                "$.a.b, $.x.y",
                r#"{"a":{},"l":[{"a":1,"b":2},{"a":3}],"n":null}"#,
            ),
            (
                "'$.l[?@.a == 3]'",
                r#"{"a":{"b":1},"l":[{"a":1,"b":2}],"n":null}"#,
            ),
        ] {
            let json = r#"{"a":{"b":1},"l":[{"a":1,"b":2},{"a":3}],"n":null}"#;
            assert_eq!(
                one(&format!("  - remove: [{paths}]"), json),
                left,
                "{paths}"
            );
        }
    }

    #[test]
    fn what_is_removed_is_no_field_any_more() {
        let transforms = "  - map: { a: 1, b: 2 }\n  - remove: [$.a]\n  - keep: $.a";
        assert_eq!(said_of(transforms), ["path.unknown_field"]);
    }
}
