//! The corpus of public documents: what a reader of each must see.

use std::path::{Path, PathBuf};

use flowline::adf::{Format, render, render_within};
use serde_json::Value;

use super::{count, parse, read_html, squeezed};

/// A document of the corpus and what a rendering of it must show.
struct Case {
    name: String,
    json: String,
    text: Vec<String>,
    urls: Vec<String>,
}

/// The corpus, or none (and a note) where the shared data is not at hand.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
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

#[test]
fn html_shows_all_that_a_reader_sees_in_order_and_is_well_formed() {
    check_all(|case| {
        let html = render(&case.json, Format::Html);
        let text = match read_html(&html) {
            Ok(text) => text,
            Err(problem) => return vec![format!("{problem} in\n{html}")],
        };
        let all = missing(&text, &case.text).into_iter();
        all.map(|string| format!("misses {string:?} in\n{html}"))
            .collect()
    });
}

#[test]
fn a_rendering_is_the_same_every_time() {
    check_all(|case| {
        let formats = [Format::Text, Format::Markdown, Format::Html];
        let differs = |format: &Format| render(&case.json, *format) != render(&case.json, *format);
        formats
            .into_iter()
            .filter(differs)
            .map(|format| format!("differs as {format:?}"))
            .collect()
    });
}

#[test]
fn the_layout_of_the_json_text_does_not_matter() {
    check_all(|case| {
        let value: Value = serde_json::from_str(&case.json).unwrap();
        let compact = value.to_string();
        let formats = [Format::Text, Format::Markdown, Format::Html];
        let differs = |format: &Format| render(&case.json, *format) != render(&compact, *format);
        formats
            .into_iter()
            .filter(differs)
            .map(|format| format!("differs as {format:?}"))
            .collect()
    });
}

#[test]
fn a_document_that_ends_early_is_rendered_as_far_as_it_goes() {
    check_all(|case| {
        let mut problems = Vec::new();
        let step = if case.json.len() < 700 { 1 } else { 97 };
        for end in (0..case.json.len()).step_by(step) {
            let Some(json) = case.json.get(..end) else {
                continue;
            };
            drop(render(json, Format::Text));
            drop(render(json, Format::Markdown));
            if let Err(problem) = read_html(&render(json, Format::Html)) {
                problems.push(format!("cut at {end}: {problem}"));
            }
        }
        problems
    });
}

#[test]
fn what_is_cut_is_short_enough_and_html_stays_well_formed() {
    check_all(|case| {
        let mut problems = Vec::new();
        for length in [0, 1, 2, 10, 50, 100, 300, 1000, 10_000] {
            for format in [Format::Text, Format::Markdown, Format::Html] {
                let whole = render(&case.json, format);
                let cut = render_within(&case.json, format, length);
                if cut.chars().count() > length {
                    problems.push(format!("{length}: {format:?} is too long: {cut}"));
                }
                if whole.chars().count() <= length && cut != whole {
                    problems.push(format!("{length}: {format:?} was cut without need"));
                }
                if format == Format::Html {
                    if let Err(problem) = read_html(&cut) {
                        problems.push(format!("{length}: {problem} in {cut}"));
                    }
                    if cut != whole && length > 0 && !cut.ends_with('…') {
                        problems.push(format!("{length}: no ellipsis ends {cut}"));
                    }
                }
            }
        }
        problems
    });
}
