//! Holds the table of layers and the absences that ARCHITECTURE.md states.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers in order: each may import only from those above it.
const LAYERS: [&str; 27] = [
    "diagnostic",
    "record",
    "operation",
    "adf",
    "syntax",
    "config",
    "schema",
    "shape",
    "expression",
    "transform",
    "connectors/keyed",
    "connectors/file/spec",
    "connectors/http/spec",
    "connectors/metrics/spec",
    "connectors/jira/jql",
    "connectors/jira/spec",
    "connectors/brevo/spec",
    "plan",
    "http",
    "connectors",
    "state",
    "engine",
    "runtime",
    "server",
    "sandbox",
    "project",
    "cli",
];

/// What only some files may name: (text, the folders or files that may, why).
const ABSENT_ELSEWHERE: [(&str, &[&str], &str); 9] = [
    (
        "granit_parser",
        &["syntax/"],
        "only syntax knows the YAML crate",
    ),
    ("jsonpath_rust", &[], "paths are parsed by our own parser"),
    (
        "handlebars::",
        &["expression/"],
        "only expression knows the template crate",
    ),
    ("rusqlite", &["state/", "sandbox/"], "only state knows SQL"),
    ("reqwest", &["http/"], "only http knows the HTTP client"),
    ("axum", &["sandbox/", "server/"], "only servers serve"),
    (
        "std::env",
        &["cli/", "main.rs"],
        "only cli reads the environment",
    ),
    ("println!", &["cli/"], "only cli prints"),
    ("miette", &["diagnostic/"], "only diagnostic renders"),
];

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = path
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// The code without its tests and comments: tests may reach for anything.
fn code(text: &str) -> String {
    let before_tests = text
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default();
    before_tests
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The layer of a path such as `connectors/jira/spec/fields`: the longest prefix in the table.
fn layer(path: &str) -> Option<usize> {
    (0..LAYERS.len())
        .filter(|index| {
            path.strip_prefix(LAYERS[*index])
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
        .max_by_key(|index| LAYERS[*index].len())
}

/// Every `crate::…` path of a file, `use crate::{a, b}` taken apart.
fn imports(code: &str) -> Vec<String> {
    code.split("crate::")
        .skip(1)
        .flat_map(|rest| {
            if let Some(group) = rest.strip_prefix('{') {
                let group = group.split("};").next().unwrap_or_default();
                let mut depth = 0;
                group
                    .split(|character| {
                        depth += i32::from(character == '{') - i32::from(character == '}');
                        character == ',' && depth == 0
                    })
                    .map(|part| part.trim().replace("::", "/"))
                    .collect::<Vec<_>>()
            } else {
                let end = rest
                    .find(|character: char| {
                        !(character.is_alphanumeric() || character == '_' || character == ':')
                    })
                    .unwrap_or(rest.len());
                vec![rest[..end].replace("::", "/")]
            }
        })
        .collect()
}

#[test]
fn each_layer_imports_only_from_those_above_it() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let module = name.trim_end_matches(".rs").trim_end_matches("/mod");
        let Some(own) = layer(module) else { continue };
        for import in imports(&code(&text)) {
            if let Some(theirs) = layer(&import)
                && theirs > own
            {
                wrong.push(format!(
                    "{name} ({}) imports {import} ({})",
                    LAYERS[own], LAYERS[theirs]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_sandbox_is_imported_by_nothing_but_cli() {
    for (name, text) in sources() {
        if !name.starts_with("cli/") && !name.starts_with("sandbox/") && name != "lib.rs" {
            let imported = imports(&code(&text))
                .iter()
                .any(|import| import.starts_with("sandbox"));
            assert!(!imported, "{name} imports the sandbox");
        }
    }
}

#[test]
fn what_only_some_modules_may_know_is_absent_elsewhere() {
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let code = code(&text);
        for (word, homes, why) in ABSENT_ELSEWHERE {
            if code.contains(word) && !homes.iter().any(|home| name.starts_with(home)) {
                wrong.push(format!("{name} names {word}: {why}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is asked for nowhere, as it was taken away, refuses every such caller, or harms: (a part of
/// the question, why).
const ASKED_NOWHERE: [(&str, &str); 13] = [
    ("/rest/api/3/search\"", "removed: CHANGE-2046"),
    ("/rest/api/2/search", "removed: CHANGE-2046"),
    ("validateQuery", "the new search does not know it"),
    ("/rest/api/3/priority\"", "deprecated: CHANGE-762"),
    ("/user/email", "refuses the credentials of users"),
    ("/webhook/failed", "for Connect apps only"),
    ("code_challenge", "the token endpoint wants a secret anyway"),
    ("/contacts/batch", "deprecated since 2026-10-30"),
    (
        "/contacts/import",
        "drops a false, and tells bad rows in a file",
    ),
    ("forceMerge", "deletes the contact that changed earlier"),
    ("in-automate.brevo.com", "the events of the API before"),
    ("partner-key", "the header before api-key"),
    (
        "/rest/api/2/issue",
        "gives wiki markup in the place of documents",
    ),
];

#[test]
fn what_services_took_away_or_refuse_is_asked_nowhere() {
    let mut wrong = Vec::new();
    let sources = sources().into_iter();
    let product = sources.filter(|(name, _)| {
        let test = name.contains("/traps/") || name.ends_with("tests.rs");
        !test && !name.starts_with("sandbox/")
    });
    for (name, text) in product {
        let code = code(&text);
        for (part, why) in ASKED_NOWHERE {
            if code.contains(part) {
                wrong.push(format!("{name} asks for {part}: {why}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_of_the_library_is_in_the_table() {
    let (_, library) = sources()
        .into_iter()
        .find(|(name, _)| name == "lib.rs")
        .unwrap();
    for line in library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod "))
    {
        let module = line.trim_end_matches(';');
        assert!(
            LAYERS.contains(&module),
            "{module} has no place among the layers"
        );
    }
}
