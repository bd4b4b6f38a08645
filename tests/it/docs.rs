//! The pages about the pipelines that ship: what they say to type works, what they say to change
//! is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::cli::flowline;

fn pages() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pipelines");
    let mut pages: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_stem().unwrap() != "README")
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    pages.sort();
    pages
}

/// The part of a page between two marks.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = page.split_once(from).unwrap();
    rest.split_once(to).unwrap().0
}

#[test]
fn every_pipeline_that_ships_has_a_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files: BTreeSet<String> = fs::read_dir(root.join("pipelines"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let paged: BTreeSet<String> = pages().into_iter().map(|(name, _)| name).collect();
    assert_eq!(files, paged);
    let list = fs::read_to_string(root.join("docs/pipelines/README.md")).unwrap();
    for name in files {
        assert!(list.contains(&format!("| [{name}]({name}.md) |")), "{name}");
    }
}

#[test]
fn what_a_page_says_to_type_works_and_a_second_run_sends_nothing() {
    for (name, page) in pages() {
        let folder = tempfile::tempdir().unwrap();
        let mut last = None;
        for line in between(&page, "```console\n", "```").lines() {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(words.first(), Some(&"flowline"), "{name}: {line}");
            let mut arguments = words[1..].to_vec();
            let runs = arguments.first() == Some(&"run");
            if runs {
                arguments.extend(["--format", "json"]);
            }
            let ended = flowline(folder.path(), &arguments);
            assert_eq!(
                ended.code, 0,
                "{name}: {line}\n{}\n{}",
                ended.out, ended.err
            );
            // No pipeline that ships reads what is not there.
            assert!(!ended.err.contains("matched nothing"), "{}", ended.err);
            last = runs.then_some(ended.out);
        }
        let last = last.unwrap();
        let summary: serde_json::Value =
            serde_json::from_str(last.lines().last().unwrap()).unwrap();
        let operations = summary["summary"]["operations"].as_object().unwrap();
        for (sink, counts) in operations {
            // Files and gauges are replaced by each run.
            if sink == "file" || sink == "metrics" {
                continue;
            }
            for what in ["created", "updated", "sent"] {
                assert_eq!(counts[what], 0, "{name}: {sink} {what}");
            }
        }
    }
}

#[test]
fn what_a_page_says_to_change_is_in_the_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, page) in pages() {
        let file = fs::read_to_string(root.join(format!("pipelines/{name}.yaml"))).unwrap();
        let rows = between(&page, "| in the file | is |\n|---|---|\n", "\n\n");
        for row in rows.lines() {
            let written = row.split('`').nth(1).unwrap();
            assert!(file.contains(written), "{name} has no {written}");
        }
    }
}
