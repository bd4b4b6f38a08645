//! Conditions: filter expressions of RFC 9535 in which `$` is the record.
//!
//! One stated deviation: a path that stands alone as a test asks for something that is not null.
//! Inside the `[?…]` of a path the RFC holds without it.

use std::ops::Range;
use std::sync::Arc;

use super::path::evaluate::{Scope, holds};
use super::path::parse_condition;
use super::path::tree::{Logical, Operand, Operator};
use super::path::{references_of, replace_in};
use super::{Problem, Reference, Usage};
use crate::record::Value;

/// A compiled condition.
#[derive(Clone, Debug)]
pub struct Condition {
    text: Arc<str>,
    logical: Logical,
    references: Vec<Reference>,
}

/// A comparison `path != null`, which also holds where nothing is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NullComparison {
    /// The path.
    pub reference: Reference,
    /// The bytes of the whole comparison.
    pub range: Range<usize>,
}

impl Condition {
    /// Compiles the text of a condition.
    ///
    /// # Errors
    /// What is wrong with it, by ranges of the text.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let logical = parse_condition(text)?;
        let mut references = Vec::new();
        super::path::references_in(&logical, &[], &mut references);
        Ok(Self {
            text: text.into(),
            logical,
            references,
        })
    }

    /// True where it holds for a record.
    #[must_use]
    pub fn holds(&self, record: &Value) -> bool {
        holds(
            &self.logical,
            Scope {
                record,
                current: record,
                null_is_missing: true,
            },
        )
    }

    /// What it reads.
    #[must_use]
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// The text that it was compiled from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Replaces the text of its string literals, names in brackets included, where it holds a
    /// `${…}`; answers what is wrong then: a pattern that is none.
    pub fn replace_literals(&mut self, mut replace: impl FnMut(&str) -> String) -> Vec<Problem> {
        let mut problems = Vec::new();
        replace_in(&mut self.logical, &mut replace, &mut problems);
        self.references.clear();
        super::path::references_in(&self.logical, &[], &mut self.references);
        problems
    }

    /// Comparisons that also hold where the path finds nothing.
    #[must_use]
    pub fn comparisons_with_null(&self) -> Vec<NullComparison> {
        let mut found = Vec::new();
        collect(&self.logical, &mut found);
        found
    }
}

fn collect(logical: &Logical, found: &mut Vec<NullComparison>) {
    match logical {
        Logical::Or(parts) | Logical::And(parts) => {
            for part in parts {
                collect(part, found);
            }
        }
        Logical::Not(inner) => collect(inner, found),
        Logical::Compare(comparison) if comparison.operator == Operator::NotEqual => {
            let ((Operand::Singular(query), Operand::Literal { value: Value::Null })
            | (Operand::Literal { value: Value::Null }, Operand::Singular(query))) =
                (&comparison.left, &comparison.right)
            else {
                return;
            };
            let mut references = Vec::new();
            references_of(query, &[], Usage::Tested, &mut references);
            if let Some(reference) = references.into_iter().next() {
                found.push(NullComparison {
                    reference,
                    range: comparison.range.clone(),
                });
            }
        }
        Logical::Exists(_) | Logical::Matches(_) | Logical::Compare(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::StepKind;

    #[track_caller]
    fn holds(json: &str, condition: &str) -> bool {
        Condition::parse(condition)
            .unwrap()
            .holds(&Value::from_json(json).unwrap())
    }

    /// Each mistake: code, message, the characters under which it stands, and help.
    fn mistakes(condition: &str) -> Vec<String> {
        let problems = Condition::parse(condition).unwrap_err();
        problems
            .into_iter()
            .map(|problem| {
                let (range, _) = problem.labels.first().cloned().unwrap();
                format!(
                    "{}: {} | {} | {}",
                    problem.code.as_str(),
                    problem.message,
                    condition.get(range).unwrap(),
                    problem.help.unwrap()
                )
            })
            .collect()
    }

    #[track_caller]
    fn mistake(condition: &str, expected: &str) {
        assert_eq!(mistakes(condition), [expected], "{condition}");
    }

    #[test]
    fn a_path_alone_asks_for_what_is_not_null() {
        assert!(
            holds(r#"{"a":0}"#, "$.a")
                && holds(r#"{"a":""}"#, "$.a")
                && holds(r#"{"a":[]}"#, "$.a")
        );
        assert!(!holds(r#"{"a":null}"#, "$.a") && !holds("{}", "$.a"));
        assert!(holds(r#"{"a":null}"#, "!$.a"));
        // In the filter of a path the RFC holds.
        assert!(holds(r#"{"l":[{"x":null}]}"#, "$.l[?@.x]"));
        assert!(!holds(r#"{"l":[null]}"#, "$.l[*]"));
    }

    #[test]
    fn compares_and_joins() {
        let json = r#"{"s":{"key":"done"},"p":"High","n":3,"t":"In Progress","k":"SUP-1"}"#;
        assert!(holds(json, "$.s.key == \"done\" && $.p"));
        assert!(holds(json, "$.n >= 3 && ($.p == 'Low' || $.p == 'High')"));
        assert!(holds(json, "match($.k, 'SUP-.*')") && holds(json, "search($.t, 'Prog')"));
        assert!(holds(json, "!($.n == 4)"));
        assert!(!holds(json, "$.missing == null"));
        assert!(holds(json, "$.missing != null"));
        assert!(holds(r#"{"l":["a","b"],"want":"b"}"#, "$.l[?@ == $.want]"));
    }

    #[test]
    fn filters_of_conditions_see_the_record_and_the_element() {
        let json = r#"{"l":[{"n":1,"m":[{"k":2}]},{"n":3}],"two":2,"x":null}"#;
        assert!(holds(json, "$.l[?@.n > $.two]"));
        assert!(holds(json, "$.l[?@.m[?@.k == $.two]]"));
        assert!(!holds(json, "$.l[?@.m[?@.k > $.two]]"));
        assert!(holds(json, "count($.l[?@.n]) == 2 && length($.l) == 2"));
        // Selected by a filter, but null: in the condition that counts as missing.
        assert!(!holds(json, "$[?@ == null]") && holds(json, "count($[?@ == null]) == 1"));
        assert!(holds(json, "!($.x || $.nope)") && holds(json, "$.x == null"));
        assert!(holds(
            r#"{"a":9007199254740993}"#,
            "$.a == 9007199254740993"
        ));
        assert!(!holds(
            r#"{"a":9007199254740993}"#,
            "$.a == 9007199254740992"
        ));
        assert!(holds(
            r#"{"a":18446744073709551615}"#,
            "$.a == 18446744073709551615"
        ));
        assert!(holds(
            r#"{"a":1.0,"b":{"x":1,"y":[2]},"c":{"y":[2.0],"x":1}}"#,
            "$.a == 1 && $.b == $.c"
        ));
        assert!(holds(json, " \n$.two == 2\t"));
    }

    #[test]
    fn the_patterns_of_a_record_are_compiled_as_they_come() {
        let json = r#"{"l":["ab","b","^a"],"p":"a.*","bad":"(","anchored":"^a"}"#;
        assert!(holds(json, "count($.l[?match(@, $.p)]) == 1"));
        assert!(holds(json, "count($.l[?search(@, $.p)]) == 2"));
        assert!(!holds(json, "$.l[?search(@, $.bad)]"));
        assert!(holds(json, "$.l[?match(@, $.anchored)]"));
        assert!(!holds(
            json,
            "match($.nope, 'a') || match($.p, 1) || match(1, $.p)"
        ));
    }

    #[test]
    fn operators_of_other_languages_are_shown_as_ours() {
        mistake(
            "$.a = 1",
            "condition.single_equals: `=` is no comparison | = | write `==`",
        );
        mistake(
            "$.a === 1",
            "condition.triple_equals: `===` is no comparison | === | write `==`: values are compared with their kinds",
        );
        mistake(
            "$.a <> 1",
            "condition.unknown_operator: `<>` is no comparison | <> | write `!=`",
        );
        mistake(
            "$.a => 1",
            "condition.unknown_operator: `=>` is no comparison | => | write `>=`",
        );
        mistake(
            "$.a ! = 1",
            "condition.unknown_operator: `! =` is no comparison | ! = | write `!=`",
        );
        mistake(
            "$.a and $.b",
            "condition.word_operator: `and` is written `&&` | and | write `&&`",
        );
        mistake(
            "$.a=='x'OR $.b",
            "condition.word_operator: `OR` is written `||` | OR | write `||`",
        );
        mistake(
            "not $.a",
            "condition.word_operator: `not` is written `!` | not | write `!$.a`, or `!($.a == …)` around a comparison",
        );
        mistake(
            "not($.a == 1)",
            "condition.word_operator: `not` is written `!` | not | write `!(…)`",
        );
        mistake(
            "$.a | $.b",
            "condition.single_operator: `|` is written twice | | | write `||`",
        );
        mistake(
            "$.a & $.b",
            "condition.single_operator: `&` is written twice | & | write `&&`",
        );
        mistake(
            "$.a is null",
            "condition.word_operator: `is` is written `==` | is | that there is no value is asked by `!` and the path: `!$.a`",
        );
        mistake(
            "$.a is not 'x'",
            "condition.word_operator: `is not` is written `!=` | is not | write `!=`",
        );
        mistake(
            "$.a in ['x', 'y']",
            "condition.unknown_operator: there is no operator `in` | in | write `$.a == 'x' || $.a == 'y'`",
        );
        mistake(
            "$.a not in ['x','y']",
            "condition.unknown_operator: there is no operator `not in` | not in | write `$.a != 'x' && $.a != 'y'`",
        );
        mistake(
            "'vip' in $.labels",
            "condition.unknown_operator: there is no operator `in` | in | write `$.labels[?@ == 'vip']`",
        );
        mistake(
            "$.t contains 'x'",
            "condition.unknown_operator: there is no operator `contains` | contains | an element of a list: `$.t[?@ == 'x']`; a part of a text: `search($.t, 'x')`",
        );
        mistake(
            "$.t like 'x%'",
            "condition.unknown_operator: there is no operator `like` | like | write `match($.t, 'x.*')`",
        );
        mistake(
            "$.t =~ /a\\/b c/i && $.b",
            "condition.unknown_operator: there is no operator `=~` | =~ | write `search($.t, 'a\\/b c')`",
        );
        mistake(
            "$.t !~ 'x'",
            "condition.unknown_operator: there is no operator `!~` | !~ | write `!search($.t, 'x')`",
        );
        mistake(
            "$.n + 1 == 2",
            "condition.arithmetic: there is no arithmetic: `+` means nothing here | + | compare with the result: `$.hours > 8`",
        );
    }

    #[test]
    fn what_is_no_term_is_shown_as_one() {
        mistake(
            "@.a == 1",
            "condition.current_outside_filter: `@` is the element that a filter judges, and here is none | @ | write `$.a`: in a condition `$` is the record",
        );
        mistake(
            "$.a == None",
            "condition.wrong_constant: `None` is written `null` | None | write `null`, or the text `\"None\"`",
        );
        mistake(
            "$.a == True",
            "condition.wrong_constant: `True` is written `true` | True | write `true`, or the text `\"True\"`",
        );
        mistake(
            "$.a == In Progress",
            "condition.unquoted_text: `In Progress` is neither a path nor a text | In Progress | a text is `\"In Progress\"`, a field `$['In Progress']`",
        );
        mistake(
            "fields.a.b == 1",
            "path.no_root: a path starts with `$` | fields | write `$.fields.a.b`",
        );
        mistake(
            ".fields.a == 1",
            "path.no_root: a path starts with `$` | . | write `$.fields.a`",
        );
        mistake(
            "$.a == “x”",
            "condition.other_quotes: `“` is no quote that conditions know | “ | write `\"x\"`",
        );
        mistake(
            "$.a == .5",
            "condition.bad_number: not a number as JSON writes it | .5 | no `+` and no leading zeros, digits on both sides of the point, at most 1.8e308",
        );
        mistake(
            "$.a == ['x']",
            "condition.collection_literal: lists and objects cannot be written in conditions | ['x'] | compare with each: `$.a == \"x\" || $.a == \"y\"`; an element: `$.labels[?@ == \"vip\"]`",
        );
        mistake(
            "$.a == {}",
            "condition.collection_literal: lists and objects cannot be written in conditions | {} | compare their parts, e.g. `$.fields.status.name == \"Done\"`",
        );
        mistake(
            "$.first name == 1",
            "path.space_in_name: a name with a blank needs brackets | name | write `$['first name']`",
        );
        mistake(
            "$.a-b == 1",
            "path.character_in_name: a name with `-` needs brackets | a-b | write `['a-b']` instead of `.a-b`",
        );
        mistake(
            "$.a ==",
            "condition.term_expected: nothing stands after `==` | == | e.g. `== \"done\"`, `== 3`, `== $.fields.other`",
        );
        mistake(
            "&& $.a",
            "condition.term_expected: nothing stands before `&&` | && | e.g. `$.fields.priority.name == \"High\"`",
        );
        mistake(
            "",
            "condition.empty: the condition is empty |  | write one, e.g. `$.fields.priority.name == \"High\"`",
        );
        mistake(
            "true",
            "condition.literal_alone: `true` alone asks nothing | true | leave it out: what is not dropped is kept; to compare, `$.field == true`",
        );
        mistake(
            "$.é == 'ü",
            "path.unclosed_quote: the text is not closed | ' | close it: `'ü'`",
        );
        mistake(
            "$.a == 'it's'",
            "condition.trailing: the text ended before this | s | inside it the quote is written `\\'`, or put it in \"\"",
        );
        mistake(
            "($.a || $.b",
            "condition.unclosed_parenthesis: the parenthesis is not closed | ( | close it: `($.a || $.b)`",
        );
        mistake(
            "$.a)",
            "condition.trailing: `)` closes nothing | ) | leave it out, or open it before",
        );
        mistake(
            "$.a, $.b",
            "condition.trailing: only one condition stands here | , | join conditions by `&&` or `||`",
        );
        mistake(
            "!$.a == 1 && $.b",
            "condition.not_before_comparison: `!` stands before a test, not before a comparison | ! | write `!($.a == 1)`",
        );
        mistake(
            "$.l[*] == 1",
            "condition.compares_many: a path that can select several values cannot be compared | $.l[*] | ask for one that is equal by a filter: `$.l[?@ == …]`",
        );
    }

    #[test]
    fn calls_are_checked() {
        mistake(
            "startsWith($.a, 'x')",
            "condition.unknown_function: there is no function `startsWith` | startsWith | write `match($.a, 'x.*')`",
        );
        mistake(
            "exists($.a)",
            "condition.unknown_function: there is no function `exists` | exists | write the path alone: `$.a`; `!$.a` for the opposite",
        );
        mistake(
            "in($.a, ['x'])",
            "condition.unknown_function: there is no function `in` | in | one of several: `$.a == \"x\" || $.a == \"y\"`; an element of a list: `$.list[?@ == $.a]`",
        );
        mistake(
            "lenght($.a) > 1",
            "condition.unknown_function: there is no function `lenght` | lenght | did you mean `length`?",
        );
        mistake(
            "length($.a)",
            "condition.value_as_test: `length($.a)` is a value, not a test | length($.a) | compare it: `length($.a) > 0`",
        );
        mistake(
            "length($.a[*]) > 1",
            "condition.argument_kind: `length` takes a path to one value | $.a[*] | how many are selected is `count($.a[*])`",
        );
        mistake(
            "count('x') > 1",
            "condition.argument_kind: `count` takes a path | 'x' | e.g. `count($.labels[*])`",
        );
        mistake(
            "match($.a, 'x') == true",
            "condition.logical_as_value: `match` and `search` are tests, not values | match($.a, 'x') | let it stand alone: `match($.a, 'x')`, or `!match($.a, 'x')` for the opposite",
        );
        mistake(
            "match($.a, 'x', 'y')",
            "condition.argument_count: `match` takes 2 arguments, not 3 | 'y' | e.g. `match($.key, 'SUP-.*')`",
        );
        mistake(
            "match ($.a, 'x')",
            "condition.blank_in_call: a blank between `match` and its parenthesis |   | leave it out: `match(`",
        );
        mistake(
            "$.a.length() > 1",
            "condition.method: paths have no methods | length() | a function stands before the path: `length($.a)`",
        );
        mistake(
            "search($.é, '^SUP-')",
            "regexp.anchor: `^` is a character here, not an anchor | ^ | write `match(…, 'SUP-.*')`; to mean the character there, write `[$]` or `\\\\^`",
        );
        // The backslash is no escape of a string either: one mistake, told as that of the pattern.
        mistake(
            "match($.é, 'é\\d+')",
            "regexp.not_iregexp: `\\d` is not part of I-Regexp | \\d | write `[0-9]`: `'é[0-9]+'`",
        );
        mistake(
            "match($.é, 'é\\\\d+')",
            "regexp.not_iregexp: `\\d` is not part of I-Regexp | \\\\d | write `[0-9]`: `'é[0-9]+'`",
        );
    }

    #[test]
    fn all_mistakes_are_told_at_once_in_order() {
        let told = mistakes("$.a = 1 and $.b == NULL or foo($.c) && match($.d, '^x') && $.e ==");
        let codes: Vec<_> = told
            .iter()
            .map(|one| one.split(':').next().unwrap())
            .collect();
        assert_eq!(
            codes,
            [
                "condition.single_equals",
                "condition.word_operator",
                "condition.wrong_constant",
                "condition.word_operator",
                "condition.unknown_function",
                "regexp.anchor",
                "condition.term_expected",
            ]
        );
    }

    #[test]
    fn replaced_literals_are_read_again() {
        let mut condition =
            Condition::parse("match($.k, '${P}-[0-9]+') && $['${F}'] == '${V}'").unwrap();
        let record = Value::from_json(r#"{"k":"SUP-1","f":"a'b"}"#).unwrap();
        assert!(!condition.holds(&record));
        let problems = condition.replace_literals(|text| {
            text.replace("${P}", "SUP")
                .replace("${F}", "f")
                .replace("${V}", "a'b")
        });
        assert_eq!(problems, []);
        assert!(condition.holds(&record));
        let names: Vec<_> = condition
            .references()
            .iter()
            .map(|one| one.steps[0].kind.clone())
            .collect();
        assert_eq!(
            names,
            [StepKind::Name("k".into()), StepKind::Name("f".into())]
        );
    }

    #[test]
    fn a_pattern_that_replacing_breaks_is_told_without_what_was_put_in() {
        let text = "match($.k, '${P}')";
        let mut condition = Condition::parse(text).unwrap();
        let problems = condition.replace_literals(|_| "(top secret".to_owned());
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].code.as_str(), "regexp.replaced");
        assert_eq!(text.get(problems[0].labels[0].0.clone()), Some("'${P}'"));
        assert!(!format!("{problems:?}").contains("secret"));
        assert!(!condition.holds(&Value::from_json(r#"{"k":"(top secret"}"#).unwrap()));
    }

    #[test]
    fn not_null_also_holds_of_nothing_and_is_told() {
        let found = Condition::parse("$.a != null && $.b == null")
            .unwrap()
            .comparisons_with_null();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].range, 0..11);
        let found = Condition::parse("$.l[?@.x != null] || !(null != $['c d']) || count($.x) != 0")
            .unwrap()
            .comparisons_with_null();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].range, 23..39);
        assert_eq!(found[0].reference.range, 31..39);
    }
}
