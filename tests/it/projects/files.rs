//! The `file` source and sink, and what replacements and environments come to in a run.

use super::{Case, steps};

/// What a run makes of a file's records.
fn made(input: &str, content: impl AsRef<[u8]>, output: &str) -> (i32, String, String) {
    let text = format!(
        "sources:\n  - file: {{ path: {input} }}\nsinks:\n  - file: {{ path: {output} }}\n"
    );
    let case = Case::of(&text).with(input, content);
    let (code, said) = case.run(&["run", "p"]);
    (code, case.read(output), said)
}

#[test]
fn csv_json_and_json_lines_are_read_as_they_are_written() {
    for (input, content, output) in [
        (
            "i.csv",
            "\u{feff}ä,b\r\n1,\"x, \"\"q\"\"\nline\"\r\n\r\n   \n 2 ,",
            "{\"ä\":\"1\",\"b\":\"x, \\\"q\\\"\\nline\"}\n{\"ä\":\" 2 \",\"b\":\"\"}\n",
        ),
        ("i.csv", "a,b\n", ""),
        ("i.csv", "", ""),
        (
            "i.jsonl",
            "\u{feff}{\"a\":1}\n\n   \r\n{\"a\":18446744073709551615,\"b\":1e3}",
            "{\"a\":1}\n{\"a\":18446744073709551615,\"b\":1000.0}\n",
        ),
        (
            "i.json",
            "\u{feff}[{\"a\":1},{\"a\":2}]",
            "{\"a\":1}\n{\"a\":2}\n",
        ),
        ("i.json", "{\"a\":1}", "{\"a\":1}\n"),
        ("i.json", "[]", ""),
    ] {
        let (code, made, said) = made(input, content, "o.jsonl");
        assert_eq!((code, &*made), (0, output), "{content:?}: {said}");
    }
}

#[test]
fn csv_is_written_with_crlf_nested_values_as_json() {
    let records = "{\"a\":1,\"b\":\"x,\\\"y\\\"\\n\",\"c\":[1,{\"d\":2}],\"d\":null,\"e\":true}\n{\"b\":\"second\",\"z\":5}\n";
    let (code, made, said) = made("i.jsonl", records, "o.csv");
    assert_eq!(code, 0, "{said}");
    assert_eq!(
        made,
        "a,b,c,d,e,z\r\n1,\"x,\"\"y\"\"\n\",\"[1,{\"\"d\"\":2}]\",,true,\r\n,second,,,,5\r\n"
    );
}

#[test]
fn the_columns_of_csv_are_the_fields_of_the_records_in_order() {
    let written = |transforms: &str, records: &str| {
        let text = format!(
            "sources:\n  - file: {{ path: i.jsonl }}\nsinks:\n  - file: {{ path: o.csv, transforms: [{transforms}] }}\n"
        );
        let case = Case::of(&text).with("i.jsonl", records);
        let (code, said) = case.run(&["run", "p"]);
        assert_eq!(code, 0, "{said}");
        case.read("o.csv")
    };
    let records = "{\"z\":1,\"a\":{\"n\":null},\"m\":\"=1\"}\n{\"new\":\"x\",\"a\":[]}\n";
    // Those of `map` in its own order, also where a record lacks some.
    assert_eq!(
        written("map: { m: $.m, new: $.new, a: $.a }", records),
        "m,a,new\r\n=1,\"{\"\"n\"\":null}\",\r\n,[],x\r\n"
    );
    assert_eq!(
        written("{ remove: [$.a] }, { set: { 'a, b': $.z } }", records)
            .lines()
            .next(),
        Some("z,m,\"a, b\",new")
    );
    // One column without a value is a row all the same.
    assert_eq!(written("map: { m: $.m }", records), "m\r\n=1\r\n\"\"\r\n");
    // A run without records leaves an empty file.
    assert_eq!(written("keep: $.nope", records), "");
}

#[test]
fn a_row_that_cannot_be_read_is_told_and_the_rest_goes_on() {
    for (input, content, why) in [
        (
            "i.csv",
            &b"a,b\n1,2,3\n4,5\n"[..],
            "i.csv:2: the row has 3 cells, and the header 2",
        ),
        (
            "i.csv",
            b"a,b\n1\n4,5\n",
            "i.csv:2: the row has 1 cells, and the header 2",
        ),
        (
            "i.csv",
            b"a,b\n\xe9,2\n4,5\n",
            "i.csv:2: the row is not UTF-8",
        ),
        (
            "i.jsonl",
            b"{bad\n{\"a\":\"4\",\"b\":\"5\"}\n",
            "i.jsonl:1: the line is not JSON",
        ),
    ] {
        let (code, made, said) = made(input, content, "o.jsonl");
        assert_eq!((code, &*made), (1, "{\"a\":\"4\",\"b\":\"5\"}\n"), "{said}");
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn a_header_that_names_a_column_twice_is_refused() {
    let case = Case::of("sources:\n  - file: { path: i.csv }\nsinks:\n  - file: { path: o.csv }\n")
        .with("i.csv", "a,a\n1,2\n");
    let (code, said) = case.run(&["run", "p"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("the header names `a` twice"), "{said}");
}

#[test]
fn a_run_replaces_the_file_which_is_there_also_when_empty() {
    let mut case = Case::of(&steps("  - keep: $.a > 0")).with("in.jsonl", "{\"a\":1}\n{\"a\":2}\n");
    for (input, output) in [
        ("{\"a\":1}\n{\"a\":2}\n", "{\"a\":1}\n{\"a\":2}\n"),
        ("{\"a\":3}\n", "{\"a\":3}\n"),
        ("{\"a\":0}\n", ""),
    ] {
        case = case.with("in.jsonl", input);
        let (code, said) = case.run(&["run", "p"]);
        assert_eq!((code, &*case.read("out.jsonl")), (0, output), "{said}");
    }
}

#[test]
fn a_replacement_is_inert_and_typed_where_it_is_the_whole_scalar() {
    let vars = "vars: { n: 5, b: true, l: [1, 2], m: { path: $.a }, p: $.a, t: '{{a}}' }\n";
    let values = [
        ("${var:n}", "5"),
        ("${var:b}", "true"),
        ("${var:l}", "[1,2]"),
        ("${var:m}", "{\"path\":\"$.a\"}"),
        ("${var:p}", "\"$.a\""),
        ("${var:t}", "\"{{a}}\""),
        ("x${var:n}y", "\"x5y\""),
        ("${NUMBER}", "\"12\""),
        ("${PATH_LIKE}", "\"$.a\""),
        ("${NONE:-dflt}", "\"dflt\""),
        ("${EMPTY:-dflt}", "\"dflt\""),
        ("${EMPTY}", "\"\""),
        ("$${X}", "\"${X}\""),
        (
            "{{a}} ${PATH_LIKE} ${BRACES}",
            "\"he said \\\"x\\\" $.a {{a}}\"",
        ),
    ];
    let members: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(index, (written, _))| format!("v{index}: '{written}'"))
        .collect();
    let case = Case::of(&steps(&format!("  - map: {{ {} }}", members.join(", "))))
        .and(vars)
        .with("in.jsonl", "{\"a\":\"he said \\\"x\\\"\"}\n")
        .setting("NUMBER", "12")
        .setting("PATH_LIKE", "$.a")
        .setting("BRACES", "{{a}}")
        .setting("EMPTY", "");
    let (code, said) = case.run(&["run", "p"]);
    assert_eq!(code, 0, "{said}");
    let members: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(index, (_, made))| format!("\"v{index}\":{made}"))
        .collect();
    assert_eq!(
        case.read("out.jsonl"),
        format!("{{{}}}\n", members.join(","))
    );
}

#[test]
fn a_replacement_in_a_condition_is_text_whatever_quotes_it_holds() {
    for (quote, value) in [
        ("\"", "he said \"x\""),
        ("'", "he said \"x\""),
        ("'", "it's \\ \n"),
        ("\"", "\" || true == true || $.a == \""),
    ] {
        let records = serde_json::json!({ "a": value }).to_string() + "\n{\"a\":\"else\"}\n";
        let text = steps(&format!("  - keep: $.a == {quote}${{W}}{quote}"));
        let case = Case::of(&text)
            .with("in.jsonl", &records)
            .setting("W", value);
        let (code, said) = case.run(&["run", "p"]);
        assert_eq!(code, 0, "{said}");
        assert_eq!(case.read("out.jsonl").lines().count(), 1, "{value}");
    }
}

#[test]
fn keys_are_scalars_too() {
    let case = Case::of(&steps(
        "  - map: { '${NAME}': 1, 'a ${var:n}': 2, '$${X}': 3 }",
    ))
    .and("vars: { n: 5 }\n")
    .with("in.jsonl", "{}\n")
    .setting("NAME", "key");
    let (code, said) = case.run(&["run", "p"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(case.read("out.jsonl"), "{\"key\":1,\"a 5\":2,\"${X}\":3}\n");
}

#[test]
fn an_unset_name_is_a_warning_of_validate_and_refused_by_what_runs() {
    let case = Case::of(&steps("  - map: { x: 'a ${UNSET}' }")).with("in.jsonl", "{}\n");
    case.says(&[("strings.unset", "${UNSET}")]);
    assert!(!case.diagnostics().has_errors());
    assert_eq!(case.run(&["validate"]).0, 0);
    for command in ["run", "plan"] {
        let (code, said) = case.run(&[command, "p"]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("`UNSET` is not set"), "{said}");
    }
}

#[test]
fn dotenv_is_read_after_the_environment() {
    let members = ["A", "B", "C", "D", "E"].map(|name| format!("{name}: '${{{name}}}'"));
    let text = steps(&format!("  - map: {{ {} }}", members.join(", ")));
    let dotenv = "\u{feff}# c\r\nA=of dotenv\r\nB=\"q \\\" \\\\ \\n\"\r\nC='lit \\\" $'\r\nD=a=b # x\r\nE=\r\n";
    let case = Case::of(&text)
        .with(".env", dotenv)
        .with("other.env", "A=other\nB=b\nC=c\nD=d\nE=e\n")
        .with("in.jsonl", "{}\n");
    let made = |case: &Case, arguments: &[&str]| {
        let (code, said) = case.run(arguments);
        assert_eq!(code, 0, "{said}");
        case.read("out.jsonl")
    };
    assert_eq!(
        made(&case, &["run", "p"]),
        "{\"A\":\"of dotenv\",\"B\":\"q \\\" \\\\ \\\\n\",\"C\":\"lit \\\\\\\" $\",\"D\":\"a=b # x\",\"E\":\"\"}\n"
    );
    let other = ["run", "p", "--env-file", "other.env"];
    assert!(made(&case, &other).starts_with("{\"A\":\"other\""));
    let case = case.setting("A", "environment");
    assert!(made(&case, &["run", "p"]).starts_with("{\"A\":\"environment\""));
}

#[test]
fn environments_merge_maps_and_replace_all_else() {
    let vars = "vars: { a: 1, m: { x: 1, y: [1, 2] }, l: [1] }\nenvironments:\n  prod: { vars: { a: 2, m: { x: 9, z: 1 }, l: [7, 8] } }\n";
    let case = Case::of(&steps(
        "  - map: { a: '${var:a}', m: '${var:m}', l: '${var:l}' }",
    ))
    .and(vars)
    .with("in.jsonl", "{}\n");
    for (arguments, made) in [
        (
            &["run", "p"][..],
            "{\"a\":1,\"m\":{\"x\":1,\"y\":[1,2]},\"l\":[1]}\n",
        ),
        (
            &["run", "p", "--env", "prod"],
            "{\"a\":2,\"m\":{\"x\":9,\"y\":[1,2],\"z\":1},\"l\":[7,8]}\n",
        ),
    ] {
        let (code, said) = case.run(arguments);
        assert_eq!((code, &*case.read("out.jsonl")), (0, made), "{said}");
    }
    for command in [
        &["run", "p"][..],
        &["plan", "p"],
        &["validate"],
        &["status"],
        &["test"],
    ] {
        let (code, said) = case.run(&[command, &["--env", "nope"]].concat());
        assert_eq!(code, 2, "{command:?}: {said}");
    }
}
