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
