//! Every clause of the contract on templates.

use proptest::prelude::*;

use super::*;
use crate::expression::{StepKind, TroubleKind, Usage};

const RECORD: &str = r#"{
    "key": "A-1", "n": 5, "half": 0.50, "yes": true, "no": false, "nothing": null, "empty": "",
    "zero": 0, "none": [], "bare": {},
    "at": "2026-11-24T23:30:00.000+0000",
    "html": "<b>\"a\" & 'b'</b>",
    "fields": {
        "summary": "  Ünïcode text  ", "labels": ["x", "y", "z"],
        "reporter": {"displayName": "Ada Lovelace", "emailAddress": "ada@example.com"},
        "components": [{"name": "A", "tags": ["p", "q"]}, {"name": "B", "tags": []}],
        "with space": "spaced"
    },
    "map": {"b": 1, "a": 2}, "date": "the field"
}"#;

fn render(template: &str) -> Result<String, Trouble> {
    let record = Value::from_json(RECORD).unwrap();
    Template::parse(template)
        .unwrap_or_else(|problems| panic!("{template}: {problems:?}"))
        .render(&record, &TimeZone::UTC)
}

fn trouble(template: &str) -> (TroubleKind, String) {
    let trouble = render(template).expect_err(template);
    let at = template.get(trouble.range).unwrap().to_owned();
    (trouble.kind, at)
}

fn problems(template: &str) -> Vec<(String, String)> {
    let problems = Template::parse(template).map(|_| ()).expect_err(template);
    problems
        .into_iter()
        .map(|problem| {
            let range = problem.labels.first().unwrap().0.clone();
            let at = template.get(range).unwrap().to_owned();
            (problem.code.as_str().to_owned(), at)
        })
        .collect()
}

#[test]
fn prints_scalars_as_they_are() {
    for (template, expected) in [
        (
            "{{key}} {{n}} {{half}} {{yes}} {{no}} {{zero}}|{{empty}}|",
            "A-1 5 0.5 true false 0||",
        ),
        (
            "{{html}}{{{html}}}{{&html}}",
            "<b>\"a\" & 'b'</b><b>\"a\" & 'b'</b><b>\"a\" & 'b'</b>",
        ),
        (
            "{{fields.labels.[0]}}{{fields.labels.1}}{{fields/labels/2}}",
            "xyz",
        ),
        (
            "{{this.key}}{{./key}}{{@root.key}}{{this/key}}",
            "A-1A-1A-1A-1",
        ),
        ("{{fields.[with space]}}", "spaced"),
        ("{{\"a {{b}} 'c'\"}}{{'d'}}", "a {{b}} 'c'd"),
        ("a{{! no }}b{{!-- {{no}} --}}c", "abc"),
        ("\\{{key}} \\\\{{key}}", "{{key}} \\A-1"),
        ("  {{~key~}}  é", "A-1é"),
        ("{{this.date}} {{upper date}}", "the field THE FIELD"),
        ("{{(lower key)}}", "a-1"),
        ("é日本 {{ key }} $${X}", "é日本 A-1 $${X}"),
        ("", ""),
        ("}} } {", "}} } {"),
    ] {
        assert_eq!(render(template).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn what_is_missing_or_no_scalar_is_an_error_where_it_is_printed_or_given_to_a_helper() {
    for (template, kind, at) in [
        ("a {{nope}}", TroubleKind::Missing, "nope"),
        ("{{nothing}}", TroubleKind::Missing, "nothing"),
        (
            "{{fields.nope.deep}}",
            TroubleKind::Missing,
            "fields.nope.deep",
        ),
        (
            "{{fields.labels.[7]}}",
            TroubleKind::Missing,
            "fields.labels.[7]",
        ),
        ("{{fields}}", TroubleKind::WrongKind, "fields"),
        ("{{fields.labels}}", TroubleKind::WrongKind, "fields.labels"),
        ("{{lower nope}}", TroubleKind::Missing, "nope"),
        ("{{lower map}}", TroubleKind::WrongKind, "map"),
        ("{{join nope \",\"}}", TroubleKind::Missing, "nope"),
        ("{{join key \",\"}}", TroubleKind::WrongKind, "key"),
        (
            "{{join fields.components \",\"}}",
            TroubleKind::WrongKind,
            "fields.components",
        ),
        ("{{lookup nope \"a\"}}", TroubleKind::Missing, "nope"),
        ("{{lookup key \"a\"}}", TroubleKind::WrongKind, "key"),
        (
            "{{lookup map \"c\"}}",
            TroubleKind::Missing,
            "lookup map \"c\"",
        ),
        (
            "{{first nope nothing}}",
            TroubleKind::Missing,
            "first nope nothing",
        ),
        (
            "{{upper (first nope nothing)}}",
            TroubleKind::Missing,
            "(first nope nothing)",
        ),
        ("{{#if (lt nope 1)}}{{/if}}", TroubleKind::Missing, "nope"),
        ("{{#if (lt map 1)}}{{/if}}", TroubleKind::WrongKind, "map"),
        (
            "{{#each fields.components}}{{nope}}{{/each}}",
            TroubleKind::Missing,
            "nope",
        ),
        ("{{date key \"%Y\"}}", TroubleKind::Conversion, "key"),
        ("{{truncate key key}}", TroubleKind::WrongKind, "key"),
    ] {
        assert_eq!(trouble(template), (kind, at.to_owned()), "{template}");
    }
    let trouble = render("{{fields.reporter.middleName}}").unwrap_err();
    assert_eq!(
        trouble.message,
        "`fields.reporter.middleName` is missing where the template prints it"
    );
}

#[test]
fn blocks_may_ask_for_what_is_missing() {
    for (template, expected) in [
        ("{{#if key}}y{{else}}n{{/if}}", "y"),
        ("{{#if nope}}y{{else}}n{{/if}}", "n"),
        (
            "{{#if nothing}}y{{else if zero}}z{{else if n}}n{{else}}-{{/if}}",
            "n",
        ),
        ("{{#if no}}y{{^}}n{{/if}}", "n"),
        (
            "{{#if empty}}1{{/if}}{{#if none}}2{{/if}}{{#if bare}}3{{/if}}{{#if zero}}4{{/if}}.",
            ".",
        ),
        ("{{#if map}}1{{/if}}{{#if fields.labels}}2{{/if}}", "12"),
        ("{{#unless nope}}y{{else}}n{{/unless}}", "y"),
        (
            "{{#each nope}}y{{else}}n{{/each}}{{#each none}}y{{else}}n{{/each}}",
            "nn",
        ),
        ("{{#with nope}}y{{else}}n{{/with}}", "n"),
        (
            "{{#with fields.reporter}}{{displayName}}{{/with}}",
            "Ada Lovelace",
        ),
        (
            "{{#if (or nope key)}}y{{/if}}{{or nope no}}{{and key n}}{{not nope}}",
            "yfalsetruetrue",
        ),
        ("{{or bare none}}{{not bare}}", "falsetrue"),
        (
            "{{eq nope null}}{{eq nothing null}}{{eq nope nope2}}{{ne nope key}}",
            "falsetruetruetrue",
        ),
        (
            "{{json nope}}{{json nothing}}{{json map}}{{json key}}{{json half}}",
            "nullnull{\"b\":1,\"a\":2}\"A-1\"0.5",
        ),
        (
            "{{first nope nothing key n}}{{first nope \"default\"}}",
            "A-1default",
        ),
        (
            "{{#if nope}}{{else with fields.reporter}}{{displayName}}{{/if}}",
            "Ada Lovelace",
        ),
        ("{{#if (lookup map \"c\")}}y{{else}}n{{/if}}", "n"),
    ] {
        assert_eq!(render(template).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn loops_know_their_place_and_what_is_around_them() {
    for (template, expected) in [
        (
            "{{#each fields.labels}}{{@index}}{{this}}{{#unless @last}},{{/unless}}{{/each}}",
            "0x,1y,2z",
        ),
        (
            "{{#each fields.labels}}{{#if @first}}[{{/if}}{{this}}{{/each}}",
            "[xyz",
        ),
        ("{{#each map}}{{@key}}={{this}};{{/each}}", "b=1;a=2;"),
        (
            "{{#each fields.components}}{{#each tags}}{{../name}}{{this}}{{@index}}{{@../index}}{{../../key}}{{else}}-{{/each}}{{/each}}",
            "Ap00A-1Aq10A-1-",
        ),
        (
            "{{#each fields.components as |c i|}}{{c.name}}{{i}}{{#each c.tags as |t|}}{{t}}{{i}}{{/each}}{{/each}}",
            "A0p0q0B1",
        ),
        ("{{#each map as |v k|}}{{k}}{{v}}{{/each}}", "b1a2"),
        (
            "{{#with fields.reporter as |r|}}{{r.displayName}}{{../key}}{{/with}}",
            "Ada LovelaceA-1",
        ),
        (
            "{{#each fields.labels}}{{#if this}}{{../key}}{{/if}}{{/each}}",
            "A-1A-1A-1",
        ),
        (
            "{{#each fields.components}}{{#with name}}{{@index}}{{this}}{{/with}}{{/each}}",
            "0A1B",
        ),
        (
            "{{#each (lookup fields \"labels\")}}{{this}}{{@root.n}}{{/each}}",
            "x5y5z5",
        ),
        ("{{#with (first nope map)}}{{a}}{{/with}}", "2"),
    ] {
        assert_eq!(render(template).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn every_helper_does_what_it_says() {
    for (template, expected) in [
        (
            "{{eq n 5}}{{eq n 5.0}}{{eq n \"5\"}}{{eq key 'A-1'}}",
            "truetruefalsetrue",
        ),
        ("{{ne n 5}}{{eq map map}}{{eq yes true}}", "falsetruetrue"),
        (
            "{{lt n 6}}{{le n 5}}{{gt n 5}}{{ge n 5}}",
            "truetruefalsetrue",
        ),
        (
            "{{lt key \"B\"}}{{lt key 6}}{{le yes yes}}",
            "truefalsefalse",
        ),
        ("{{date at \"%Y-%m-%d %H:%M\"}}", "2026-11-24 23:30"),
        (
            "{{date \"2026-11-24\" \"%d.%m.%Y\"}}{{date 0 \"%Y\"}}",
            "24.11.20261970",
        ),
        (
            "{{lower key}}{{upper fields.labels.[0]}}[{{trim fields.summary}}]",
            "a-1X[Ünïcode text]",
        ),
        (
            "{{first_word fields.reporter.displayName}}|{{first_word fields.summary}}|{{first_word empty}}",
            "Ada|Ünïcode|",
        ),
        (
            "{{truncate (trim fields.summary) 3}}{{truncate key 99}}{{truncate key 0}}",
            "ÜnïA-1",
        ),
        ("{{replace html \"b\" \"i\"}}", "<i>\"a\" & 'i'</i>"),
        ("{{replace \"a.a\" \"a\" \"\"}}", "."),
        (
            "{{join fields.labels \", \"}}{{join none \",\"}}",
            "x, y, z",
        ),
        ("{{url_encode \"a b/ü~-._\"}}", "a%20b%2F%C3%BC~-._"),
        (
            "{{escape_html html}}",
            "&lt;b&gt;&quot;a&quot; &amp; &#x27;b&#x27;&lt;/b&gt;",
        ),
        (
            "{{lookup map \"a\"}}{{lookup fields.labels 1}}{{lookup (lookup fields \"reporter\") \"displayName\"}}",
            "2yAda Lovelace",
        ),
        ("{{upper n}}{{lower yes}}", "5true"),
    ] {
        assert_eq!(render(template).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn dates_are_written_in_the_zone() {
    let template = Template::parse("{{date at \"%Y-%m-%d\"}}").unwrap();
    let record = Value::from_json(RECORD).unwrap();
    let zone = TimeZone::fixed(jiff::tz::offset(2));
    assert_eq!(template.render(&record, &zone).unwrap(), "2026-11-25");
}

#[test]
fn white_space_is_controlled_as_the_crate_does_it() {
    let template = "a\n{{#if key}}\n  b\n{{else}}\n  c\n{{/if}}\nd {{~key~}} e\n{{! gone }}\nf";
    let mut registry = handlebars::Handlebars::new();
    registry.register_escape_fn(handlebars::no_escape);
    let json: serde_json::Value = serde_json::from_str(RECORD).unwrap();
    let expected = registry.render_template(template, &json).unwrap();
    assert_eq!(render(template).unwrap(), expected);
    assert_eq!(expected, "a\n  b\ndA-1e\nf");
}

#[test]
fn blocks_and_white_space_render_as_with_the_crate() {
    let mut registry = handlebars::Handlebars::new();
    registry.register_escape_fn(handlebars::no_escape);
    let json: serde_json::Value = serde_json::from_str(RECORD).unwrap();
    for template in [
        "{{#if no}}\na\n{{else if zero}}\nb\n{{else if n}}\nc\n{{else}}\nd\n{{/if}}\ne",
        "{{#if no}}a{{else if zero}}b{{else if empty}}c{{else if none}}d{{else}}e{{/if}}",
        "x {{~#if key~}} y {{~else~}} z {{~/if~}} w",
        "{{#unless no}} a {{^}} b {{/unless}}\r\n{{#each fields.labels}}\r\n- {{this}}\r\n{{else}}\r\nnone\r\n{{/each}}\r\nend",
        "  {{! gone }}  \n  {{!-- {{gone}} --}} x\n",
        "{{#each fields.components}}{{name}}:{{#each tags}}{{this}}{{@index}}{{#if @last}}.{{/if}}{{/each}}{{../key}};{{/each}}",
        "{{#each map}}{{@key}}{{this}}{{@first}}{{/each}}",
        "{{#with fields.reporter}}{{displayName}} {{@root.key}}{{/with}}{{#with nothing}}a{{else}}b{{/with}}",
        "{{#each fields.components as |c i|}}{{i}}{{c.name}}{{/each}}",
        "\\{{key}} \\\\{{key}} {{{key}}} {{&key}} {{lookup map \"a\"}}",
        "a{{#if key}}\n\n b \n\n{{/if}}\n\nc",
        "{{ key }}{{key}}   {{n}}\t\n",
    ] {
        let expected = registry.render_template(template, &json).unwrap();
        assert_eq!(render(template).unwrap(), expected, "{template}");
    }
}

#[test]
fn mistakes_are_found_under_their_characters() {
    for (template, code, at) in [
        ("a {{lowr key}}", "template.unknown_helper", "lowr"),
        (
            "{{fields.summary upper}}",
            "template.unknown_helper",
            "fields.summary",
        ),
        ("{{if key}}", "template.unknown_helper", "if"),
        ("{{upper (nope key)}}", "template.unknown_helper", "nope"),
        ("{{upper (key)}}", "template.unknown_helper", "key"),
        ("{{#iff key}}{{/iff}}", "template.unknown_block", "iff"),
        ("{{#fields}}{{/fields}}", "template.unknown_block", "fields"),
        (
            "{{#lower key}}{{/lower}}",
            "template.unknown_block",
            "lower",
        ),
        ("{{lower}}", "template.arguments", "lower"),
        ("{{lower key n}}", "template.arguments", "lower key n"),
        ("{{not}}", "template.arguments", "not"),
        ("{{eq key}}", "template.arguments", "eq key"),
        (
            "{{replace key \"a\"}}",
            "template.arguments",
            "replace key \"a\"",
        ),
        ("{{#if}}{{/if}}", "template.arguments", "if"),
        ("{{#if a b}}{{/if}}", "template.arguments", "if a b"),
        (
            "{{#if a includeZero=true}}{{/if}}",
            "template.arguments",
            "includeZero",
        ),
        ("{{truncate key \"3\"}}", "template.arguments", "\"3\""),
        ("{{truncate key -1}}", "template.arguments", "-1"),
        ("{{date at \"%!\"}}", "template.arguments", "\"%!\""),
        ("{{replace key \"\" \"a\"}}", "template.arguments", "\"\""),
        ("{{> partial}}", "template.unsupported", ">"),
        ("{{#> partial}}{{/partial}}", "template.unsupported", "#>"),
        ("{{* decorator}}", "template.unsupported", "*"),
        (
            "{{#*inline \"a\"}}{{/inline}}",
            "template.unsupported",
            "#*",
        ),
        ("{{{{raw}}}}{{{{/raw}}}}", "template.unsupported", "{{{{"),
        ("é {{key", "template.unclosed", "{{"),
        ("{{lower \"key}}", "template.unclosed", "\""),
        ("{{fields.[a b}}", "template.unclosed", "["),
        ("{{! comment", "template.unclosed", "{{"),
        ("{{!-- comment }}", "template.unclosed", "{{!--"),
        ("{{key}", "template.syntax", "}"),
        ("{{}}", "template.syntax", "{{}}"),
        ("{{lower (upper key}}", "template.syntax", "("),
        ("{{key, n}}", "template.syntax", ","),
        ("{{#if key}}", "template.block", "{{#if key}}"),
        ("{{/if}}", "template.block", "{{/if}}"),
        ("{{else}}", "template.block", "{{else}}"),
        ("{{#if key}}{{/each}}", "template.block", "each"),
        (
            "{{#if a}}{{else}}{{else}}{{/if}}",
            "template.block",
            "{{else}}",
        ),
        ("{{fields.labels[0]}}", "template.name", "["),
        ("{{fields..summary}}", "template.name", "."),
        ("{{../key}}", "template.name", "../key"),
        ("{{@index}}", "template.name", "@index"),
        ("{{#each map}}{{@indx}}{{/each}}", "template.name", "@indx"),
        ("{{a.this}}", "template.name", "this"),
        (
            "{{#each map as |a b c|}}{{/each}}",
            "template.arguments",
            "as |a b c|",
        ),
    ] {
        let found = problems(template);
        let first = found.first().unwrap();
        assert_eq!(
            (first.0.as_str(), first.1.as_str()),
            (code, at),
            "{template}"
        );
        assert_eq!(found.len(), 1, "{template}: {found:?}");
    }
}

#[test]
fn all_mistakes_are_found_at_once_and_near_names_are_suggested() {
    assert_eq!(
        problems("{{lowr a}}{{uper b}}{{#wth c}}{{@indx}}{{/wth}}").len(),
        4
    );
    let help = |template: &str| {
        let problems = Template::parse(template).map(|_| ()).unwrap_err();
        problems.first().unwrap().help.clone().unwrap()
    };
    assert_eq!(help("{{lowr a}}"), "did you mean `lower`?");
    assert_eq!(help("{{#wiht a}}{{/wiht}}"), "did you mean `#with`?");
    assert_eq!(help("{{a.b upper}}"), "the helper comes first: `upper a.b`");
    assert_eq!(help("{{a[0]}}"), "write `a.[0]`");
    assert_eq!(help("{{.}}"), "write `this`");
    assert_eq!(help("{{..}}"), "write `../this`");
}

#[test]
fn nesting_length_and_output_are_bounded() {
    let deep = |levels: usize| {
        format!(
            "{}{}",
            "{{#if key}}".repeat(levels),
            "{{/if}}".repeat(levels)
        )
    };
    assert!(Template::parse(&deep(60)).is_ok());
    assert_eq!(problems(&deep(900)).first().unwrap().0, "template.too_deep");
    let calls = format!(
        "{{{{upper {}key{}}}}}",
        "(lower ".repeat(60),
        ")".repeat(60)
    );
    assert_eq!(render(&calls).unwrap(), "A-1");
    let calls = format!(
        "{{{{upper {}key{}}}}}",
        "(lower ".repeat(3000),
        ")".repeat(3000)
    );
    assert_eq!(problems(&calls).first().unwrap().0, "template.too_deep");
    assert_eq!(
        problems(&"x".repeat(70_000)).first().unwrap().0,
        "template.too_long"
    );
    let growing = format!(
        "{{{{upper {}key{}}}}}",
        "(replace ".repeat(20),
        " \"A\" \"AAAAAAAAAAAAAAAA\")".repeat(20)
    );
    assert_eq!(trouble(&growing).0, TroubleKind::TooLarge);
    let mut looping = String::new();
    for _ in 0..40 {
        looping.push_str("{{#each @root.fields.labels}}");
    }
    looping.push_str(&"{{/each}}".repeat(40));
    assert_eq!(trouble(&looping).0, TroubleKind::TooLarge);
}

#[test]
fn says_what_it_reads() {
    let shown = |template: &str| -> Vec<String> {
        let parsed = Template::parse(template).unwrap();
        parsed
            .references()
            .iter()
            .map(|reference| {
                let steps: Vec<String> = reference
                    .steps
                    .iter()
                    .map(|step| match &step.kind {
                        StepKind::Name(name) => {
                            let written = template.get(step.range.clone()).unwrap();
                            assert!(written.trim_matches('"') == &**name, "{written} {name}");
                            name.to_string()
                        }
                        StepKind::Index(index) => format!("[{index}]"),
                        StepKind::Each => "*".to_owned(),
                        StepKind::Descendants => "..".to_owned(),
                    })
                    .collect();
                let usage = match reference.usage {
                    Usage::Taken => "taken",
                    Usage::Rendered => "rendered",
                    Usage::Scalar => "scalar",
                    Usage::Tested => "tested",
                };
                format!("{} {usage}", steps.join("."))
            })
            .collect()
    };
    assert_eq!(
        shown("é {{key}} {{site.url}}"),
        ["key scalar", "site.url scalar"]
    );
    assert_eq!(shown("{{fields.labels.[0]}}"), ["fields.labels.[0] scalar"]);
    assert_eq!(
        shown(
            "{{#each a.b}}{{c}}{{../d}}{{this}}{{@index}}{{#each e as |x|}}{{x.f}}{{/each}}{{/each}}"
        ),
        [
            "a.b.* tested",
            "a.b.*.c scalar",
            "d scalar",
            "a.b.* scalar",
            "a.b.*.e.* tested",
            "a.b.*.e.*.f scalar",
        ]
    );
    assert_eq!(
        shown("{{#with (first a b)}}{{c}}{{/with}}{{#if d}}{{/if}}{{json e}}{{lookup f \"g\"}}"),
        [
            "a tested",
            "b tested",
            "a.c scalar",
            "b.c scalar",
            "d taken",
            "e taken",
            "f.g scalar"
        ]
    );
    assert_eq!(shown("{{lookup f g}}"), ["f taken", "g scalar"]);
    assert_eq!(
        shown("{{eq a 1}}{{eq a b}}"),
        ["a scalar", "a taken", "b taken"]
    );
}

#[test]
fn replaced_text_stays_text() {
    let mut template =
        Template::parse("${A} {{#if (eq key \"${A}\")}}same{{/if}}{{lower \"${A}\"}} $${A}")
            .unwrap();
    template.replace_text(|text| Cow::Owned(text.replace("${A}", "{{key}}\"A-1")));
    let record = Value::from_json(RECORD).unwrap();
    assert_eq!(
        template.render(&record, &TimeZone::UTC).unwrap(),
        "{{key}}\"A-1 {{key}}\"a-1 ${{key}}\"A-1"
    );
}

#[test]
fn what_is_printed_is_escaped_for_another_language_but_for_what_is_of_it() {
    let template =
        "<i>{{html}}</i>{{made}}{{escape_html html}}{{#if key}}{{first nope html}}{{/if}}";
    let mut template = Template::parse(template).unwrap();
    let mut record = crate::record::Object::default();
    record.push("html".into(), "<b>".into());
    record.push("key".into(), "k".into());
    record.push("made".into(), crate::record::Text::html("<br>").into());
    let record = Value::from(record);
    template.escape_printed(Escape::but_html(handlebars::html_escape));
    assert_eq!(
        template.render(&record, &TimeZone::UTC).unwrap(),
        "<i>&lt;b&gt;</i><br>&lt;b&gt;&lt;b&gt;"
    );
}

#[test]
fn loops_go_through_what_was_kept_as_text() {
    let template =
        "{{#each l}}{{@index}}{{/each}}{{#each e}}{{else}}-{{/each}}{{#if e}}{{else}}-{{/if}}";
    let template = Template::parse(template).unwrap();
    let mut record = crate::record::Object::new();
    record.insert("l", Value::Raw("[ {}, 2 ]".into()));
    record.insert("e", Value::Raw("[ ]".into()));
    assert_eq!(
        template.render(&record.into(), &TimeZone::UTC).unwrap(),
        "01--"
    );
}

#[test]
fn a_path_costs_no_more_than_its_text() {
    let template = Template::parse("{{site.url}}/browse/{{key}}").unwrap();
    let record = Value::from_json(r#"{"key":"A-1","site":{"url":"https://a.example"}}"#).unwrap();
    assert_eq!(
        template.render(&record, &TimeZone::UTC).unwrap(),
        "https://a.example/browse/A-1"
    );
}

fn fragments() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{{"),
        Just("}}"),
        Just("{{{"),
        Just("}}}"),
        Just("~"),
        Just("#if key"),
        Just("/if"),
        Just("#each fields.labels"),
        Just("/each"),
        Just("else"),
        Just("{{else}}"),
        Just("{{^}}"),
        Just("{{#if key}}"),
        Just("{{/if}}"),
        Just("{{#each map as |a b|}}"),
        Just("{{/each}}"),
        Just("{{else if n}}"),
        Just("{{key}}"),
        Just("{{this}}"),
        Just("../"),
        Just("@index"),
        Just("lower "),
        Just("join "),
        Just("("),
        Just(")"),
        Just("\""),
        Just("'"),
        Just("\\"),
        Just("["),
        Just("]"),
        Just("|"),
        Just("="),
        Just("."),
        Just("/"),
        Just(" "),
        Just("\n"),
        Just("key"),
        Just("5"),
        Just("null"),
        Just("é"),
        Just("!"),
        Just("--"),
        Just("&"),
        Just(">"),
        Just("*"),
        Just("{{~key~}}"),
        Just("{{! c }}"),
        Just("{{truncate key 2}}"),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn never_panics(text: &str) -> Result<(), TestCaseError> {
    let record = Value::from_json(RECORD).unwrap();
    match Template::parse(text) {
        Ok(template) => {
            if let Err(trouble) = template.render(&record, &TimeZone::UTC) {
                prop_assert!(text.get(trouble.range).is_some());
            }
        }
        Err(problems) => {
            prop_assert!(!problems.is_empty());
            for (range, _) in problems.into_iter().flat_map(|problem| problem.labels) {
                prop_assert!(text.get(range.clone()).is_some(), "{range:?}");
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        never_panics(&text)?;
    }

    #[test]
    fn no_mixture_of_tags_makes_it_panic(text in fragments()) {
        never_panics(&text)?;
    }

    #[test]
    fn text_without_braces_is_itself(text in "[^{\\\\]{0,40}") {
        prop_assert_eq!(render(&text).unwrap(), text);
    }
}
