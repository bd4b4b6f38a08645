//! Texts of a project's files to typed configuration; all mistakes of all files are collected.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::strings::Reason;
use super::{Pipeline, Project, Strings, is_valid_name, lower};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source, Span, nearest};
use crate::syntax::{Entry, Kind, Node, ScalarValue, parse};

const UNSET: Code = Code::new("strings.unset");
const UNKNOWN_VARIABLE: Code = Code::new("strings.unknown_variable");
const NOT_TEXT: Code = Code::new("strings.not_text");
const SECRET: Code = Code::new("strings.secret_elsewhere");
const MALFORMED: Code = Code::new("strings.malformed");
const OUTSIDE_LITERAL: Code = Code::new("strings.outside_literal");
const SECRET_LITERAL: Code = Code::new("secret.literal");
const BAD_NAME: Code = Code::new("project.bad_name");
const NEW_VARIABLE: Code = Code::new("environment.new_variable");
const UNKNOWN_ENVIRONMENT: Code = Code::new("environment.unknown");
const VERSION: Code = Code::new("project.version");

/// The version of the language that this program reads.
pub const LANGUAGE_VERSION: u64 = 1;

/// The keys under `connections` whose values are secrets.
const SECRETS: [&str; 5] = [
    "api_token",
    "client_secret",
    "token",
    "api_key",
    "webhook_secret",
];

/// The texts of a project's files.
#[derive(Clone, Debug)]
pub struct Texts {
    /// `flowline.yaml`.
    pub project: Arc<Source>,
    /// `pipelines/NAME.yaml` by name.
    pub pipelines: Vec<(String, Arc<Source>)>,
    /// The names of `.env`.
    pub dotenv: Vec<(String, String)>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// `--env`.
    pub env: Option<String>,
}

/// A project as written, its environment laid over it.
#[derive(Debug)]
pub struct Loaded {
    /// The project.
    pub project: Project,
    /// The pipelines that could be read.
    pub pipelines: Vec<LoadedPipeline>,
    /// What `${…}` stands for.
    pub strings: Strings,
}

/// A pipeline as written.
#[derive(Debug)]
pub struct LoadedPipeline {
    /// Its name.
    pub name: String,
    /// Its file.
    pub source: Arc<Source>,
    /// What it says.
    pub pipeline: Pipeline,
}

/// Reads a project; none where `flowline.yaml` cannot be read.
#[must_use]
pub fn load(texts: &Texts) -> (Option<Loaded>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let (root, mistakes) = parse(&texts.project);
    diagnostics.extend(mistakes);
    let mut strings = Strings::new(texts.environment.clone(), texts.dotenv.iter().cloned());
    let project = root.and_then(|root| {
        let mut found = Diagnostics::new();
        let laid = laid_over(&root, texts.env.as_deref(), &mut found);
        names(&laid, &mut found);
        for entry in laid
            .get("vars")
            .and_then(|vars| vars.as_map())
            .unwrap_or_default()
        {
            strings.define(&entry.key.value, &entry.value);
        }
        let project = typed::<Project>(&laid, &strings, &mut found);
        if let Some(project) = &project {
            version(project, &mut found);
        }
        diagnostics.extend_in(found, &texts.project);
        project
    });
    let mut pipelines = Vec::new();
    for (name, source) in &texts.pipelines {
        let (root, mistakes) = parse(source);
        diagnostics.extend(mistakes);
        let Some(root) = root else { continue };
        let mut found = Diagnostics::new();
        let pipeline = typed::<Pipeline>(&root, &strings, &mut found);
        diagnostics.extend_in(found, source);
        if let Some(pipeline) = pipeline {
            pipelines.push(LoadedPipeline {
                name: name.clone(),
                source: Arc::clone(source),
                pipeline,
            });
        }
    }
    (
        project.map(|project| Loaded {
            project,
            pipelines,
            strings,
        }),
        diagnostics,
    )
}

/// Checks the strings of a tree and lowers it.
fn typed<T: serde::de::DeserializeOwned>(
    root: &Arc<Node>,
    strings: &Strings,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    let mut keys = Vec::new();
    check(root, &mut keys, strings, diagnostics);
    let resolved = strings.resolve(root, &mut Vec::new(), &is_secret);
    match lower(&resolved, strings) {
        Ok(typed) => Some(typed),
        Err(mistake) => {
            diagnostics.push(mistake);
            None
        }
    }
}

/// True for the keys that lead to a secret.
fn is_secret(keys: &[Arc<str>]) -> bool {
    let last = keys.last().map(|key| &**key);
    let names = last.is_some_and(|last| SECRETS.contains(&last));
    names && keys.iter().any(|key| &**key == "connections")
}

/// Says what of a tree's `${…}` cannot be replaced, each once.
fn check(
    node: &Arc<Node>,
    keys: &mut Vec<Arc<str>>,
    strings: &Strings,
    diagnostics: &mut Diagnostics,
) {
    match &node.kind {
        Kind::List(elements) => {
            for element in elements {
                check(element, keys, strings, diagnostics);
            }
        }
        Kind::Map(entries) => {
            for entry in entries {
                keys.push(Arc::clone(&entry.key.value));
                check(&entry.value, keys, strings, diagnostics);
                keys.pop();
            }
        }
        Kind::Scalar(scalar) if is_secret(keys) => {
            if scalar.value != ScalarValue::Text
                || super::SecretSource::parse(&scalar.text).is_none()
            {
                let name = keys
                    .last()
                    .map_or_else(String::new, |key| key.to_uppercase());
                diagnostics.push(
                    Diagnostic::error(SECRET_LITERAL, "a secret is never written into a file")
                        .label(node.span, "expected exactly one `${…}`")
                        .help(format!(
                            "write `\"${{{name}}}\"` and set it in the environment or in .env"
                        )),
                );
            }
        }
        Kind::Scalar(scalar) => {
            if !scalar.text.contains("${") || scalar.value != ScalarValue::Text {
                return;
            }
            let path = scalar.text.starts_with("$.") || scalar.text.starts_with("$[");
            let expanded = if path {
                strings.expand_expression(&scalar.text)
            } else {
                strings.expand(&scalar.text)
            };
            for refusal in expanded.refusals {
                let span = scalar.locate(refusal.range);
                diagnostics.push(refused(&refusal.reason, span, strings));
            }
        }
    }
}

fn refused(reason: &Reason, span: Span, strings: &Strings) -> Diagnostic {
    match reason {
        Reason::Unset(name) => Diagnostic::warning(UNSET, format!("`{name}` is not set"))
            .label(span, "neither in the environment nor in .env")
            .help(format!(
                "set it: `{name}=…` in .env, or give a default: `${{{name}:-…}}`"
            )),
        Reason::UnknownVariable(name) => {
            let near = nearest(name, strings.variable_names());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add it in flowline.yaml: `vars: {{ {name}: … }}`"),
            };
            Diagnostic::error(UNKNOWN_VARIABLE, format!("there is no variable `{name}`"))
                .label(span, "not among `vars`")
                .help(help)
        }
        Reason::NotText(name) => {
            Diagnostic::error(NOT_TEXT, format!("the variable `{name}` is a list or map"))
                .label(span, "stands inside a text")
                .help("let it be the whole value")
        }
        Reason::Secret => Diagnostic::error(SECRET, "a secret stands only where one is expected")
            .label(span, "no secret is expected here")
            .help("use `${NAME}` for what may be shown"),
        Reason::Malformed => Diagnostic::error(MALFORMED, "not a name to be replaced")
            .label(
                span,
                "expected `${NAME}`, `${NAME:-default}` or `${var:NAME}`",
            )
            .help("a literal `${` is written `$${`"),
        Reason::Unclosed => Diagnostic::error(MALFORMED, "the `${` is not closed")
            .label(span, "opened here, never closed")
            .help("close it with `}`; a literal `${` is written `$${`"),
        Reason::OutsideLiteral => Diagnostic::error(
            OUTSIDE_LITERAL,
            "a path is not made of strings from outside",
        )
        .label(span, "only inside a text in quotes")
        .help("write the path itself; a text in it may hold `${…}`"),
    }
}

/// The project with an environment laid over it.
fn laid_over(root: &Arc<Node>, env: Option<&str>, diagnostics: &mut Diagnostics) -> Arc<Node> {
    let environments = root.entry("environments");
    for entry in environments
        .and_then(|entry| entry.value.as_map())
        .unwrap_or_default()
    {
        variables_exist(root, &entry.value, diagnostics);
    }
    let Some(env) = env else {
        return Arc::clone(root);
    };
    let chosen = environments.and_then(|entry| entry.value.get(env));
    let Some(chosen) = chosen else {
        let known: Vec<&str> = environments
            .and_then(|entry| entry.value.as_map())
            .unwrap_or_default()
            .iter()
            .map(|entry| &*entry.key.value)
            .collect();
        let help = match nearest(env, known.iter().copied()) {
            Some(near) => format!("did you mean `--env {near}`?"),
            None if known.is_empty() => "flowline.yaml has no `environments`".to_owned(),
            None => format!("there is {}", known.join(", ")),
        };
        let mut mistake = Diagnostic::error(
            UNKNOWN_ENVIRONMENT,
            format!("there is no environment `{env}`"),
        )
        .help(help);
        if let Some(entry) = environments {
            mistake = mistake.label(entry.key.span, "not among these");
        }
        diagnostics.push(mistake);
        return Arc::clone(root);
    };
    merged(root, chosen)
}

/// Maps are merged member by member, all else is replaced.
fn merged(base: &Arc<Node>, over: &Arc<Node>) -> Arc<Node> {
    let (Kind::Map(under), Kind::Map(above)) = (&base.kind, &over.kind) else {
        return Arc::clone(over);
    };
    let mut entries: Vec<Entry> = under
        .iter()
        .map(|entry| match over.get(&entry.key.value) {
            Some(value) => Entry {
                key: entry.key.clone(),
                value: merged(&entry.value, value),
            },
            None => entry.clone(),
        })
        .collect();
    entries.extend(
        above
            .iter()
            .filter(|entry| base.get(&entry.key.value).is_none())
            .cloned(),
    );
    Arc::new(Node {
        span: base.span,
        kind: Kind::Map(entries),
    })
}

fn variables_exist(root: &Node, environment: &Node, diagnostics: &mut Diagnostics) {
    let known = root.get("vars");
    for entry in environment
        .get("vars")
        .and_then(|vars| vars.as_map())
        .unwrap_or_default()
    {
        let name = &entry.key.value;
        if known.is_none_or(|vars| vars.get(name).is_none()) {
            let names = known.and_then(|vars| vars.as_map()).unwrap_or_default();
            let help = match nearest(name, names.iter().map(|entry| &*entry.key.value)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add `{name}` to the project's `vars` too"),
            };
            diagnostics.push(
                Diagnostic::error(
                    NEW_VARIABLE,
                    format!("the variable `{name}` is only in this environment"),
                )
                .label(entry.key.span, "not among `vars`")
                .help(help),
            );
        }
    }
}

/// Names of connections, variables and environments.
fn names(root: &Node, diagnostics: &mut Diagnostics) {
    for section in ["connections", "vars", "environments"] {
        for entry in root
            .get(section)
            .and_then(|section| section.as_map())
            .unwrap_or_default()
        {
            if !is_valid_name(&entry.key.value) {
                diagnostics.push(
                    Diagnostic::error(BAD_NAME, format!("`{}` is no name", entry.key.value))
                        .label(entry.key.span, "expected a-z, 0-9, `_` and `-`, at most 63")
                        .help("start with a letter or digit, in lower case"),
                );
            }
        }
    }
}

fn version(project: &Project, diagnostics: &mut Diagnostics) {
    if project.flowline.value != LANGUAGE_VERSION {
        diagnostics.push(
            Diagnostic::error(
                VERSION,
                format!(
                    "version {} of the language is not known",
                    project.flowline.value
                ),
            )
            .label(project.flowline.span, "expected 1")
            .help("write `flowline: 1`, or use a newer flowline"),
        );
    }
}
