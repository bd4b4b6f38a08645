//! The language's promises, sentence by sentence: small projects and what is said of them.

mod attributes;
mod files;
mod project;
mod sinks;
mod strings;
mod yaml;

use std::collections::BTreeMap;
use std::fs;

use flowline::diagnostic::{Diagnostics, RenderOptions, render, to_json};
use flowline::project::{Opened, Request, open};
use tempfile::TempDir;

/// `flowline.yaml` of most cases.
const PROJECT: &str = r#"flowline: 1
connections:
  support:
    jira:
      site: acme.atlassian.net
      auth: { basic: { email: "${JIRA_EMAIL}", api_token: "${JIRA_API_TOKEN}" } }
  marketing:
    brevo: { api_key: "${BREVO_API_KEY}" }
"#;

/// What the account of most cases has.
const CATALOG: &str = r#"{
  "kind": "brevo", "account": "acme", "taken": "2026-11-24T00:00:00Z",
  "attributes": {
    "TEXT": { "type": "text" }, "NUMBER": { "type": "number" }, "ON": { "type": "boolean" },
    "DAY": { "type": "date" }, "TIER": { "type": "category", "values": ["low", "High"] },
    "TAGS": { "type": "multiple_choice", "values": ["a", "b"] }
  },
  "lists": { "22": "Support", "23": "Product" }
}"#;

/// A project of a case.
pub(super) struct Case {
    folder: TempDir,
    environment: BTreeMap<String, String>,
    env: Option<&'static str>,
}

impl Case {
    /// The usual project with this pipeline.
    pub(super) fn of(pipeline: &str) -> Self {
        Self::empty()
            .with("flowline.yaml", PROJECT)
            .with("catalog/marketing.json", CATALOG)
            .with("pipelines/p.yaml", pipeline)
    }

    pub(super) fn empty() -> Self {
        let environment = ["JIRA_EMAIL", "JIRA_API_TOKEN", "BREVO_API_KEY"];
        Self {
            folder: TempDir::new().unwrap(),
            environment: environment
                .map(|name| (name.to_owned(), "set".to_owned()))
                .into(),
            env: None,
        }
    }

    pub(super) fn with(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Appends to `flowline.yaml`.
    pub(super) fn and(self, more: &str) -> Self {
        let text = fs::read_to_string(self.folder.path().join("flowline.yaml")).unwrap();
        self.with("flowline.yaml", text + more)
    }

    pub(super) fn setting(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// `--env`.
    pub(super) fn under(mut self, env: &'static str) -> Self {
        self.env = Some(env);
        self
    }

    /// Runs the built command; its exit code and all that it said.
    pub(super) fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_flowline"))
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.folder.path())
            .args(arguments)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.code().unwrap(),
            String::from_utf8(said).unwrap(),
        )
    }

    /// A file of the project.
    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    pub(super) fn open(&self) -> Opened {
        open(&Request {
            root: self.folder.path(),
            environment: &self.environment,
            env: self.env,
            env_file: None,
        })
    }

    pub(super) fn diagnostics(&self) -> Diagnostics {
        self.open().diagnostics
    }

    /// Each code and the characters under its first label.
    pub(super) fn found(&self) -> Vec<(&'static str, String)> {
        let labelled = |one: &flowline::diagnostic::Diagnostic| {
            let label = one.labels.first()?.span;
            Some(one.source.as_ref()?.slice(label).to_owned())
        };
        self.diagnostics()
            .iter()
            .map(|one| (one.code.as_str(), labelled(one).unwrap_or_default()))
            .collect()
    }

    /// As people and as scripts read it.
    pub(super) fn shown(&self) -> [String; 2] {
        let options = RenderOptions {
            colour: false,
            width: 100,
        };
        let diagnostics = self.diagnostics();
        [render(&diagnostics, &options), to_json(&diagnostics)]
    }

    /// Panics where something else is said than this, each code with the characters under it.
    #[track_caller]
    pub(super) fn says(&self, expected: &[(&str, &str)]) {
        let found = self.found();
        let found: Vec<(&str, &str)> = found.iter().map(|(code, at)| (*code, &**at)).collect();
        assert_eq!(found, expected, "{}", self.shown()[0]);
    }
}

/// A pipeline of a `brevo.contacts` with these lines under `attributes:`.
pub(super) fn attributes(lines: &str) -> String {
    let lines: String = lines
        .lines()
        .map(|line| format!("        {line}\n"))
        .collect();
    sink(&format!(
        "brevo.contacts:\n      identify: {{ email: $.fields.reporter.emailAddress }}\n      attributes:\n{lines}"
    ))
}

/// A pipeline of issues with this sink.
pub(super) fn sink(text: &str) -> String {
    format!("sources:\n  - jira.issues: {{ jql: project = SUP }}\nsinks:\n  - {text}\n")
}

/// A pipeline of a file's records with these steps.
pub(super) fn steps(lines: &str) -> String {
    format!(
        "sources:\n  - file: {{ path: in.jsonl }}\nsinks:\n  - file: {{ path: out.jsonl }}\ntransforms:\n{lines}\n"
    )
}
