//! "Sinks": what `brevo.contacts`, `brevo.events` and `file` can be told, and what they cannot.

use super::{Case, sink};

const WRONG: &str = "sink.wrong_value";
const EMAIL: &str = "identify: { email: $.fields.reporter.emailAddress }";

fn contacts(lines: &str) -> Case {
    let lines = lines.replace('\n', "\n      ");
    Case::of(&sink(&format!("brevo.contacts:\n      {lines}")))
}

#[test]
fn an_identity_that_can_be_none_is_refused_under_itself() {
    for (line, label) in [
        ("identify: { email: nobody }", "nobody"),
        (
            "identify: { email: fields.reporter.emailAddress }",
            "fields.reporter.emailAddress",
        ),
        ("identify: { email: $.fields.labels }", "$.fields.labels"),
        (
            "identify: { email: { path: $.key, default: none } }",
            "none",
        ),
        ("identify: { contact_id: x }", "x"),
        (
            "identify: { ext_id: $.fields.reporter }",
            "$.fields.reporter",
        ),
        ("identify: { email: { first: [$.key, [a]] } }", "[a]"),
    ] {
        contacts(line).says(&[(WRONG, label)]);
    }
    contacts("identify: {}").says(&[("sink.identify_nothing", "identify")]);
    contacts("identify: { mail: $.key }").says(&[("form.unknown_key", "mail")]);
}

#[test]
fn lists_are_named_by_ids_as_numbers_and_names_as_texts() {
    for entry in [
        "[22, Support]",
        "22",
        "[{ name: \"22\" }]",
        "[[22], null]",
        "[$.key]",
        "[{ path: $.key, lookup: { A: 22, B: Product } }]",
        "{ path: $.key, lookup: { A: 22 } }",
        "$.fields.labels",
    ] {
        contacts(&format!("{EMAIL}\nlists: {entry}")).says(&[]);
    }
    for (entry, code, label) in [
        ("[24]", "contact.unknown_list", "24"),
        ("[Suport]", "contact.unknown_list", "Suport"),
        (
            "[{ path: $.key, lookup: { A: 99 } }]",
            "contact.unknown_list",
            "99",
        ),
        ("[true]", WRONG, "true"),
        ("[22, 0]", WRONG, "0"),
        ("[2.5]", WRONG, "2.5"),
        ("[\"\"]", WRONG, "\"\""),
        ("[{ nme: x }]", WRONG, "{ nme: x }"),
        ("[$.fields.reporter]", WRONG, "$.fields.reporter"),
        ("[{ path: $.key, lookup: { A: -1 } }]", WRONG, "-1"),
    ] {
        for option in ["lists", "unlink_lists"] {
            contacts(&format!("{EMAIL}\n{option}: {entry}")).says(&[(code, label)]);
        }
    }
}

#[test]
fn each_other_option_of_contacts_takes_what_it_says() {
    for (line, code, label) in [
        ("order_by: soon", WRONG, "soon"),
        ("order_by: fields.created", WRONG, "fields.created"),
        ("order_by: $.fields.labels", WRONG, "$.fields.labels"),
        ("consent: { email_blacklisted: \"yes\" }", WRONG, "\"yes\""),
        (
            "consent: { sms_blacklisted: $.fields.labels }",
            WRONG,
            "$.fields.labels",
        ),
        ("consent: { email: true }", "form.unknown_key", "email"),
        ("mode: replace", "form.not_one_of", "replace"),
        ("if_missing: null", "form.nothing_there", "null"),
        ("on_error: halt", "form.not_one_of", "halt"),
        ("on_unmatched: stop", "form.not_one_of", "stop"),
        ("connection: support", "pipeline.wrong_service", "support"),
        (
            "connection: marketin",
            "pipeline.unknown_connection",
            "marketin",
        ),
        (
            "attributes: { EMAIL: $.key }",
            "contact.unknown_attribute",
            "EMAIL",
        ),
        (
            "create_attributes: true\nattributes: { EMAIL: $.key }",
            "contact.unknown_attribute",
            "EMAIL",
        ),
        (
            "attributes: { \"A B\": $.key }",
            "contact.bad_attribute_name",
            "\"A B\"",
        ),
    ] {
        contacts(&format!("{EMAIL}\n{line}")).says(&[(code, label)]);
    }
    for line in [
        "order_by: $.fields.created",
        "order_by: { path: $.key, as: number }",
        "consent: { email_blacklisted: true, sms_blacklisted: { path: $.key, as: boolean } }",
        "mode: create",
        "if_missing: clear",
        "on_error: stop",
        "on_unmatched: dead_letter",
        "connection: marketing",
        "attributes: {}",
    ] {
        contacts(&format!("{EMAIL}\n{line}")).says(&[]);
    }
}

#[test]
fn a_lacking_attribute_or_list_is_a_warning_where_it_is_to_be_created() {
    use flowline::diagnostic::Severity;
    for (line, severity) in [
        ("attributes: { NEW: $.key }", Severity::Error),
        (
            "create_attributes: true\nattributes: { NEW: $.key }",
            Severity::Warning,
        ),
        (
            "create_attributes: true\nattributes: { EXT_ID: $.key }",
            Severity::Error,
        ),
        ("lists: [New]", Severity::Error),
        ("create_lists: true\nlists: [New]", Severity::Warning),
        ("create_lists: true\nlists: [99]", Severity::Error),
    ] {
        let found = contacts(&format!("{EMAIL}\n{line}")).diagnostics();
        let severities: Vec<Severity> = found.iter().map(|one| one.severity).collect();
        assert_eq!(severities, [severity], "{line}");
    }
}

fn events(lines: &str) -> Case {
    let lines = format!("{EMAIL}\n{lines}").replace('\n', "\n      ");
    Case::of(&sink(&format!("brevo.events:\n      {lines}")))
}

#[test]
fn each_option_of_events_takes_what_it_says() {
    for (lines, code, label) in [
        ("at: $.key", "form.missing_key", "brevo.events"),
        ("name: a b", "event.bad_name", "a b"),
        ("name: 5", "event.bad_name", "5"),
        ("name: [a]", WRONG, "[a]"),
        ("name: $.fields.labels", WRONG, "$.fields.labels"),
        ("name: x\nat: soon", WRONG, "soon"),
        ("name: x\nat: change.at", WRONG, "change.at"),
        ("name: x\nat: $.fields.labels", WRONG, "$.fields.labels"),
        ("name: x\nid: \"\"", WRONG, "\"\""),
        ("name: x\nid: [a]", WRONG, "[a]"),
        (
            "name: x\nid: { path: $.key, if_missing: clear }",
            "value.if_missing",
            "if_missing",
        ),
        (
            "name: x\nproperties: { event_id: 5 }",
            "event.reserved_property",
            "event_id",
        ),
        (
            "name: x\nproperties: { \"a b\": 5 }",
            "event.bad_property_name",
            "\"a b\"",
        ),
        (
            "name: x\nproperties: { a: { path: $.key, if_missing: keep } }",
            "value.if_missing",
            "if_missing",
        ),
        (
            "name: x\ncontact_attributes: { NEW: $.key }",
            "contact.unknown_attribute",
            "NEW",
        ),
        (
            "name: x\ncontact_attributes: { NUMBER: $.key }",
            "contact.wrong_type",
            "$.key",
        ),
        (
            "name: x\ncontact_attributes: { TAGS: [a] }",
            "event.list_attribute",
            "TAGS",
        ),
        ("name: x\nbackfill: 7", "form.wrong_type", "7"),
        ("name: x\nbackfill: all", "pipeline.bad_duration", "all"),
        (
            "name: x\nif_missing: clear",
            "form.unknown_key",
            "if_missing",
        ),
    ] {
        events(lines).says(&[(code, label)]);
    }
    for lines in [
        "name: x",
        "name: '{{key}}'",
        "name: x\nat: 2026-11-24\nid: $.key\nbackfill: 7 days",
        "name: x\nat: 1764000000000\nid: 5\nbackfill: 0 days",
        "name: x\nproperties: { a: [1, $.key], b: { c: $.id }, d: null }",
        "name: x\ncontact_attributes: { TEXT: $.key }",
    ] {
        events(lines).says(&[]);
    }
}

#[test]
fn events_of_a_file_need_an_id_and_a_time() {
    let of = |source: &str, more: &str| {
        let text = format!(
            "sources:\n  - file: {{ path: in.jsonl{source} }}\nsinks:\n  - brevo.events: {{ name: x, identify: {{ email: $.email }}{more} }}\n"
        );
        Case::of(&text)
    };
    let (id, time) = (
        ("sink.no_identity", "brevo.events"),
        ("event.no_time", "brevo.events"),
    );
    of("", "").says(&[id, time]);
    of("", ", at: $.at").says(&[id]);
    of("", ", id: $.id").says(&[time]);
    of(", id: $.id", ", at: $.at").says(&[]);
    of(", id: $.id, time: $.at", "").says(&[]);
}

#[test]
fn a_file_lies_inside_the_project_and_its_name_says_how_it_is_written() {
    for (path, code) in [
        ("../x.jsonl", "file.outside_project"),
        ("/etc/x.jsonl", "file.outside_project"),
        ("a/../x.jsonl", "file.outside_project"),
        ("'a\\..\\x.jsonl'", "file.outside_project"),
        ("\"\"", "file.outside_project"),
        ("x.txt", "file.unknown_format"),
    ] {
        let source = format!(
            "sources:\n  - file: {{ path: {path} }}\nsinks:\n  - file: {{ path: o.csv }}\n"
        );
        Case::of(&source).says(&[(code, path)]);
        let sink = format!(
            "sources:\n  - file: {{ path: i.csv }}\nsinks:\n  - file: {{ path: {path} }}\n"
        );
        Case::of(&sink).says(&[(code, path)]);
    }
}

#[test]
fn a_file_sink_replaces_nothing_that_is_read() {
    for path in [
        "i.csv",
        "./i.csv",
        "flowline.yaml",
        "pipelines/p.yaml",
        "catalog/x.csv",
        ".env",
    ] {
        let text = format!(
            "sources:\n  - file: {{ path: i.csv }}\nsinks:\n  - file: {{ path: {path}, format: csv }}\n"
        );
        Case::of(&text).says(&[("file.taken", path)]);
    }
    let text = "sources:\n  - jira.issues: {}\nsinks:\n  - file: { path: o.csv }\n  - file: { path: ./o.csv }\n";
    Case::of(text).says(&[("file.taken", "./o.csv")]);
}
