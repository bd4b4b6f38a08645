//! "YAML" and the quoting mistakes.

use super::{Case, attributes, steps};

#[test]
fn lists_nest_sixty_four_levels_deep_and_no_deeper() {
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        // The file, `transforms`, the step and `map` are four.
        Case::of(&steps(&format!("  - map: {{ a: {open}1{close} }}")))
    };
    nested(60).says(&[]);
    nested(61).says(&[("yaml.too_deep", "[")]);
}

#[test]
fn aliases_unfold_to_ten_thousand_nodes_and_no_more() {
    let aliases = |count: usize| {
        let list = format!("a: &a [{}]", vec!["1"; 99].join(", "));
        let more: String = (0..count).map(|at| format!(", b{at}: *a")).collect();
        Case::of(&steps(&format!("  - map: {{ {list}{more} }}")))
    };
    aliases(100).says(&[]);
    aliases(101).says(&[("yaml.too_many_nodes", "*a")]);
}

#[test]
fn a_mebibyte_is_read_and_one_byte_more_is_not() {
    let sized = |bytes: usize| {
        let text = steps("  - keep: $.a\n#");
        let fill = "x".repeat(bytes - text.len());
        Case::of(&format!("{text}#{}", fill.get(1..).unwrap()))
    };
    sized(1 << 20).says(&[]);
    sized((1 << 20) + 1).says(&[("yaml.too_large", "")]);
}

#[test]
fn a_mistake_under_an_anchor_is_told_once() {
    let text = attributes("TEXT: &a { path: $.kex }\nNUMBER: { <<: *a, as: number }");
    Case::of(&text).says(&[("path.unknown_field", "kex")]);
}

#[test]
fn what_is_written_wins_then_the_first_of_a_merged_list() {
    let text = attributes(
        "NUMBER: { as: number, <<: [{ path: $.id, as: boolean }, { path: $.kex, default: 1 }] }",
    );
    Case::of(&text).says(&[]);
}

#[test]
fn each_yaml_mistake_is_one_diagnostic_under_its_characters() {
    for (line, code, label) in [
        ("TEXT: $.key\nTEXT: $.id", "yaml.duplicate_key", "TEXT"),
        (
            "TEXT: $.key\n\"TEXT\": $.id",
            "yaml.duplicate_key",
            "\"TEXT\"",
        ),
        (
            "TEXT: { path: $.key, path: $.id }",
            "yaml.duplicate_key",
            "path",
        ),
        ("TEXT: !foo $.key", "yaml.custom_tag", "!foo"),
        ("TEXT: !!binary aGk=", "yaml.custom_tag", "!!binary"),
        ("TEXT: !!int abc", "yaml.tag_mismatch", "!!int"),
        ("? [a]\n: $.key", "yaml.key_not_scalar", "[a]"),
        ("TEXT: *nope", "yaml.unknown_alias", "*nope"),
        (
            "TEXT: &a { path: $.key, default: *a }",
            "yaml.unknown_alias",
            "*a",
        ),
        ("TEXT: { <<: 5 }", "yaml.bad_merge", "5"),
        (
            "TEXT: { path: $.fields.labels[0] }",
            "yaml.unquoted_in_flow",
            "$.fields.labels[0]",
        ),
        ("TEXT: {{key}}", "yaml.unquoted_template", "{{key}}"),
    ] {
        Case::of(&attributes(line)).says(&[(code, label)]);
    }
    let two = attributes("TEXT: a") + "---\n" + &attributes("TEXT: b");
    Case::of(&two).says(&[("yaml.several_documents", "---")]);
}

#[test]
fn yaml_1_2_is_read_to_its_core_schema() {
    for line in [
        "TEXT: no",
        "TEXT: !!str 5",
        "NUMBER: 0o17",
        "NUMBER: 0x1F",
        "NUMBER: 1e3",
        "NUMBER: !!int \"5\"",
        "ON: True",
        "? TEXT\n: $.key",
        "TEXT:\t$.key\t# a comment",
        "TEXT: &a $.key\nNUMBER: 5",
    ] {
        Case::of(&attributes(line)).says(&[]);
    }
    for line in [
        "ON: no",
        "ON: yes",
        "ON: on",
        "NUMBER: 0b11",
        "NUMBER: 1_000",
        "NUMBER: .inf",
    ] {
        let (_, value) = line.split_once(": ").unwrap();
        Case::of(&attributes(line)).says(&[("contact.wrong_type", value)]);
    }
}

#[test]
fn a_document_may_begin_and_end_as_yaml_lets_it() {
    let text = attributes("TEXT: $.key");
    for text in [
        format!("---\n{text}...\n"),
        format!("%YAML 1.2\n---\n{text}"),
        format!("\u{feff}{}", text.replace('\n', "\r\n")),
    ] {
        Case::of(&text).says(&[]);
    }
}

#[test]
fn what_is_not_utf_8_is_shown_at_its_first_wrong_byte() {
    let mut text = attributes("TEXT: caf").into_bytes();
    let at = text.len() - 1;
    text.insert(at - 1, 0xe9);
    let case = Case::empty()
        .with("flowline.yaml", super::PROJECT)
        .with("catalog/marketing.json", super::CATALOG)
        .with("pipelines/p.yaml", text);
    case.says(&[("project.unreadable", "?")]);
    assert!(
        case.shown()[0].contains("[pipelines/p.yaml:7:18]"),
        "{}",
        case.shown()[0]
    );
}
