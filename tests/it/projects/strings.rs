//! "Strings from outside".

use super::{Case, steps};

#[test]
fn each_mistake_of_a_replacement_is_told_under_it() {
    for (line, code, label) in [
        ("  - map: { x: 'a ${} b' }", "strings.malformed", "${}"),
        ("  - map: { x: 'a ${A' }", "strings.malformed", "${A"),
        (
            "  - map: { x: '${A:-${B}}' }",
            "strings.malformed",
            "${A:-${B}",
        ),
        ("  - map: { '${UNSET}': 1 }", "strings.unset", "'${UNSET}'"),
        (
            "  - map: { x: '${secret:foo}' }",
            "strings.secret_elsewhere",
            "${secret:foo}",
        ),
        (
            "  - map: { x: '${file:a.txt}' }",
            "strings.secret_elsewhere",
            "${file:a.txt}",
        ),
        (
            "  - map: { x: 'a ${var:textt}' }",
            "strings.unknown_variable",
            "${var:textt}",
        ),
        (
            "  - map: { x: 'a ${var:list}' }",
            "strings.not_text",
            "${var:list}",
        ),
        ("  - map: { x: 'a ${UNSET}' }", "strings.unset", "${UNSET}"),
        // In a path or condition only inside a string literal.
        ("  - keep: $.n == ${A}", "strings.outside_literal", "${A}"),
        ("  - keep: '${A}'", "strings.outside_literal", "${A}"),
        (
            "  - keep: '${var:text}'",
            "strings.outside_literal",
            "${var:text}",
        ),
        (
            "  - map: { x: '$.${A}' }",
            "strings.outside_literal",
            "${A}",
        ),
    ] {
        Case::of(&steps(line))
            .and("vars: { text: a, list: [1] }\n")
            .setting("A", "geheim")
            .says(&[(code, label)]);
    }
}

#[test]
fn a_variable_that_stands_for_itself_is_an_error() {
    let vars = "vars: { a: '${var:b}', b: 'x ${var:c}', c: ['${var:a}'], d: '${var:a}', e: 1 }\n";
    let circle = "strings.circle";
    let found = Case::of(&steps("  - keep: $.a")).and(vars).found();
    let circles: Vec<&str> = found
        .iter()
        .filter(|(code, _)| *code == circle)
        .map(|(_, at)| &**at)
        .collect();
    assert_eq!(circles, ["a"]);
}

#[test]
fn lines_of_dotenv_that_are_none_are_told_masked() {
    let text = "# c\n  # c\n\nA=1 2\nB=\"a \\\" b\"\nfoo-geheim\nC=\"geheim\n=geheim\n";
    let case = Case::of(&steps("  - keep: $.a")).with(".env", text);
    let found = case.found();
    let codes: Vec<&str> = found.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, ["dotenv.line"; 3]);
    let [people, scripts] = case.shown();
    for place in ["[.env:6:1]", "[.env:7:1]", "[.env:8:1]"] {
        assert!(people.contains(place), "{people}");
    }
    for text in [people, scripts] {
        assert!(!text.contains("geheim"), "{text}");
    }
}

#[test]
fn a_dotenv_that_is_not_utf_8_is_told_and_not_shown() {
    let case = Case::of(&steps("  - keep: $.a")).with(".env", b"A=geheim\xff\n");
    let codes: Vec<&str> = case.found().iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, ["project.unreadable"]);
    for text in case.shown() {
        assert!(!text.contains("geheim"), "{text}");
    }
}

#[test]
fn a_replaced_value_is_nowhere_shown() {
    for (line, with) in [
        ("  - file: { path: '${X}/in.jsonl' }", "sources"),
        ("  - file: { path: '${X}' }", "sources"),
        ("  - file: { path: in.jsonl, record: '${X}' }", "sources"),
        ("  - jira.issues: { since: '${X}' }", "sources"),
        ("  - jira.issues: { since: 'x ${X}' }", "sources"),
        ("  - jira.issues: { live: '${X}' }", "sources"),
        ("  - jira.issues: { connection: '${X}' }", "sources"),
        ("timezone: '${X}'", ""),
        ("schedule: '${X}'", ""),
        ("schedule: 'a ${X} b'", ""),
        ("schedule: { cron: '${X}' }", ""),
        ("schedule: { cron: '0 0 * * *', timezone: '${X}' }", ""),
        ("guard: { max_share: '${X}' }", ""),
        ("guard: { max_changes: '${X}' }", ""),
        ("limits: { support: '${X}' }", ""),
        ("on_error: '${X}'", ""),
        ("notify: { email: '${X}' }", ""),
        ("  - keep: match($.a, '\\d${X}')", "transforms"),
        ("  - keep: match($.a, '${X}(')", "transforms"),
        ("  - map: { a: { path: $.a, as: '${X}' } }", "transforms"),
        ("  - map: { a: { path: '${X}' } }", "transforms"),
        (
            "  - map: { a: { path: $.a, max_length: '${X}' } }",
            "transforms",
        ),
        ("  - map: { a: '{{nope \"${X}\"}}' }", "transforms"),
        ("  - map: { a: '$abc ${X}' }", "transforms"),
        (
            "  - brevo.events: { name: '${X}', identify: { email: $.key } , at: $.key, id: $.key }",
            "sinks",
        ),
        (
            "  - brevo.events: { name: 'a ${X}', identify: { email: $.key } , at: $.key, id: $.key }",
            "sinks",
        ),
        (
            "  - brevo.contacts: { identify: { email: '${X}' } }",
            "sinks",
        ),
        (
            "  - brevo.contacts: { identify: { email: $.key }, lists: ['${X}'] }",
            "sinks",
        ),
        (
            "  - brevo.contacts: { identify: { email: $.key }, mode: '${X}' }",
            "sinks",
        ),
        (
            "  - brevo.contacts: { identify: { email: $.key }, order_by: '${X}' }",
            "sinks",
        ),
        (
            "  - brevo.contacts: { identify: { email: $.key }, attributes: { TIER: 'x ${X}' } }",
            "sinks",
        ),
    ] {
        let usual = steps("  - keep: $.key");
        let text = match with {
            "" => format!("{line}\n{usual}"),
            "sources" => usual.replace("  - file: { path: in.jsonl }", line),
            "sinks" => usual.replace("  - file: { path: out.jsonl }", line),
            _ => steps(line),
        };
        for value in [
            "geheim ..",
            "../geheim",
            "4711",
            "[geheim",
            "geheim@x",
            "9geheim-ä",
        ] {
            let case = Case::of(&text).setting("X", value);
            let found = case.found();
            for shown in case.shown() {
                assert!(
                    !shown.contains("geheim") && !shown.contains("4711"),
                    "{line}: {shown}"
                );
            }
            assert!(found.len() <= 1, "{line} {value}: {found:?}");
        }
    }
}
