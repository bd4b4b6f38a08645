//! Rich text against the corpus of public documents: what a reader of each must see.

use std::path::{Path, PathBuf};

use flowline::adf::{Format, render, render_within};
use serde_json::Value;

/// A document of the corpus and what a rendering of it must show.
struct Case {
    name: String,
    json: String,
    text: Vec<String>,
    urls: Vec<String>,
}

/// The corpus, or none (and a note) where the shared data is not at hand.
fn corpus() -> Vec<Case> {
    let Some(data) = std::env::var_os("FLOWLINE_SHARED_DATA") else {
        println!("skipped: FLOWLINE_SHARED_DATA is not set");
        return Vec::new();
    };
    let folder = PathBuf::from(data).join("adf");
    let mut names: Vec<String> = std::fs::read_dir(folder.join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 421);
    names.into_iter().map(|name| case(&folder, name)).collect()
}

fn case(folder: &Path, name: String) -> Case {
    let json = std::fs::read_to_string(folder.join("docs").join(&name)).unwrap();
    let must = std::fs::read_to_string(folder.join("must").join(&name)).unwrap();
    let must: Value = serde_json::from_str(&must).unwrap();
    let strings = |key: &str| {
        let all = must[key].as_array().unwrap().iter();
        all.map(|item| item.as_str().unwrap().to_owned()).collect()
    };
    Case {
        name,
        json,
        text: strings("text"),
        urls: strings("urls"),
    }
}

/// Without white space and in lower case, as the corpus compares; without the marks of quotes
/// too, which stand within text of several lines.
fn squeezed(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != '>')
        .flat_map(char::to_lowercase)
        .collect()
}

/// The strings that are not in the text in this order.
fn missing<'a>(text: &str, wanted: &'a [String]) -> Vec<&'a str> {
    let text = squeezed(text);
    let mut rest = &*text;
    let mut missing = Vec::new();
    for string in wanted {
        let squeezed = squeezed(string);
        match rest.find(&squeezed) {
            Some(at) => rest = rest.get(at + squeezed.len()..).unwrap(),
            None => missing.push(&**string),
        }
    }
    missing
}

/// Collects what is wrong in all documents, so that one run shows all.
fn check_all(problems: impl Fn(&Case) -> Vec<String>) {
    let wrong: Vec<String> = corpus()
        .iter()
        .flat_map(|case| {
            problems(case)
                .into_iter()
                .map(|problem| format!("{}: {problem}", case.name))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn plain_text_shows_all_that_a_reader_sees_in_order() {
    check_all(|case| {
        let text = render(&case.json, Format::Text);
        let mut problems = Vec::new();
        for string in missing(&text, &case.text) {
            problems.push(format!("misses {string:?} in\n{text}"));
        }
        let squeezed_text = squeezed(&text);
        for url in &case.urls {
            let bare = bare(url);
            if !squeezed_text.contains(&bare) {
                problems.push(format!("misses the address {url} in\n{text}"));
            }
        }
        problems
    });
}

/// An address as the text of its link may say it.
fn bare(url: &str) -> String {
    let url = squeezed(url);
    let start = ["https://", "http://", "mailto:"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    start.unwrap_or(&url).trim_end_matches('/').to_owned()
}

/// What a Markdown parser makes of a rendering.
struct Parsed {
    text: String,
    urls: Vec<String>,
    headings: usize,
    code_blocks: usize,
    rules: usize,
}

fn parse(markdown: &str) -> Parsed {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    let mut parsed = Parsed {
        text: String::new(),
        urls: Vec::new(),
        headings: 0,
        code_blocks: 0,
        rules: 0,
    };
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Text(text) | Event::Code(text) => parsed.text.push_str(&text),
            Event::SoftBreak | Event::HardBreak => parsed.text.push('\n'),
            Event::Rule => parsed.rules += 1,
            Event::Start(Tag::Heading { .. }) => parsed.headings += 1,
            Event::Start(Tag::CodeBlock(_)) => parsed.code_blocks += 1,
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                parsed.urls.push(dest_url.into_string());
            }
            _ => {}
        }
    }
    parsed
}

/// How many nodes of a type the JSON holds.
fn count(value: &Value, kind: &str) -> usize {
    let mut count = 0;
    let mut pending = vec![value];
    while let Some(value) = pending.pop() {
        count += usize::from(value["type"] == kind);
        match value {
            Value::Array(items) => pending.extend(items),
            Value::Object(members) => pending.extend(members.values()),
            _ => {}
        }
    }
    count
}

#[test]
fn markdown_shows_all_that_a_reader_sees_in_order_and_nothing_by_accident() {
    check_all(|case| {
        let markdown = render(&case.json, Format::Markdown);
        let parsed = parse(&markdown);
        let mut problems = Vec::new();
        for string in missing(&parsed.text, &case.text) {
            problems.push(format!("misses {string:?} in\n{markdown}"));
        }
        for url in &case.urls {
            let is_shown = parsed.urls.iter().any(|shown| bare(shown) == bare(url))
                || squeezed(&parsed.text).contains(&bare(url));
            if !is_shown {
                problems.push(format!("misses the address {url} in\n{markdown}"));
            }
        }
        let value: Value = serde_json::from_str(&case.json).unwrap();
        for (what, found, kinds) in [
            ("heading", parsed.headings, &["heading"][..]),
            ("code block", parsed.code_blocks, &["codeBlock"]),
            ("rule", parsed.rules, &["rule", "bodiedRule", "bodiedRule"]),
        ] {
            let there: usize = kinds.iter().map(|kind| count(&value, kind)).sum();
            if found > there {
                problems.push(format!("shows a {what} that is none in\n{markdown}"));
            }
        }
        problems
    });
}
