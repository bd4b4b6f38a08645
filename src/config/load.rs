//! Texts of a project's files to typed configuration; all mistakes of all files are collected.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::mistake::without;
use super::redact::{SECRET_KEYS, redacted};
use super::strings::{Expanded, Reason};
use super::{
    Document, FormCheck, Mistake, Pipeline, Project, SecretSource, Strings, is_valid_name, lower,
};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source, Span, Spanned, nearest};
use crate::syntax::{Entry, Kind, Node, ScalarValue, parse};

const UNSET: Code = Code::new("strings.unset");
const UNKNOWN_VARIABLE: Code = Code::new("strings.unknown_variable");
const NOT_TEXT: Code = Code::new("strings.not_text");
const CIRCLE: Code = Code::new("strings.circle");
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
    /// Its file, for diagnostics.
    pub source: Arc<Source>,
    /// False where parts of the project have mistakes and were left out: what only follows from
    /// that is not to be told.
    pub complete: bool,
    /// The pipelines that could be read.
    pub pipelines: Vec<LoadedPipeline>,
    /// The names of all environments.
    pub environments: Vec<Arc<str>>,
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
    /// What of it has mistakes and was left out.
    pub left_out: LeftOut,
}

/// What of a pipeline has mistakes of form and was left out, so that the rest can be checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Anything at all: it cannot run.
    pub anything: bool,
    /// A source or transform: what the records have is known in this part of the file alone, the
    /// transforms before it.
    pub shape: Option<Span>,
}

/// Reads a project; none where `flowline.yaml` cannot be read. `form` checks a file's form.
#[must_use]
pub fn load(texts: &Texts, form: FormCheck<'_>) -> (Option<Loaded>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let mut strings = Strings::new(texts.environment.clone(), texts.dotenv.iter().cloned());
    let (root, mut found) = parse(&texts.project);
    let mut hidden = Vec::new();
    let laid = root.map(|root| laid_over(&root, texts.env.as_deref(), &mut found));
    let environments = laid.as_ref().map_or_else(Vec::new, |laid| {
        let entries = laid.get("environments").and_then(|entry| entry.as_map());
        let names = entries.unwrap_or_default().iter();
        names.map(|entry| Arc::clone(&entry.key.value)).collect()
    });
    let project = laid.and_then(|laid| {
        names(&laid, &mut found);
        define(&mut strings, &laid);
        circles(&laid, &mut found);
        let reading = Reading {
            document: Document::Project,
            strings: &strings,
            form,
            knows_variables: true,
        };
        let read = reading.typed::<Project>(&laid, &mut found, &mut hidden);
        if let Some((project, _)) = &read {
            version(project, &mut found);
        }
        read
    });
    // A secret that is written into the file is not shown with it.
    let shown_project = redacted(&texts.project, &hidden);
    diagnostics.extend(found.into_iter().map(|mut one| {
        one.source = Some(Arc::clone(&shown_project));
        one
    }));
    let mut pipelines = Vec::new();
    for (name, source) in &texts.pipelines {
        let (root, mut found) = parse(source);
        let mut hidden = Vec::new();
        let reading = Reading {
            document: Document::Pipeline,
            strings: &strings,
            form,
            knows_variables: project.is_some(),
        };
        let read = root.and_then(|root| reading.typed::<Pipeline>(&root, &mut found, &mut hidden));
        let shown = if hidden.is_empty() {
            Arc::clone(source)
        } else {
            redacted(source, &hidden)
        };
        diagnostics.extend_in(
            found
                .into_iter()
                .map(|mut one| {
                    one.source = Some(Arc::clone(&shown));
                    one
                })
                .collect(),
            source,
        );
        if let Some((pipeline, left_out)) = read {
            pipelines.push(LoadedPipeline {
                name: name.clone(),
                source: shown,
                pipeline,
                left_out,
            });
        }
    }
    let loaded = project.map(|(project, left_out)| Loaded {
        project,
        source: shown_project,
        complete: !left_out.anything,
        pipelines,
        environments,
        strings,
    });
    (loaded, diagnostics)
}

/// Defines the variables, those first that are named by others.
fn define(strings: &mut Strings, root: &Node) {
    let entries = root
        .get("vars")
        .and_then(|vars| vars.as_map())
        .unwrap_or_default();
    // Each round settles the next variable of a chain; those of a circle stay as they are.
    for _ in 0..4 {
        for entry in entries {
            strings.define(&entry.key.value, &entry.value);
        }
    }
}

/// Says of each circle of variables.
fn circles(root: &Node, diagnostics: &mut Diagnostics) {
    let vars = root.get("vars");
    let entries = vars.and_then(|vars| vars.as_map()).unwrap_or_default();
    let uses: HashMap<&str, Vec<&str>> = entries
        .iter()
        .map(|entry| (&*entry.key.value, variables_in(&entry.value)))
        .collect();
    let mut told: HashSet<&str> = HashSet::new();
    for entry in entries {
        let name = &*entry.key.value;
        let mut seen = HashSet::new();
        let mut open = uses.get(name).cloned().unwrap_or_default();
        while let Some(used) = open.pop() {
            if seen.insert(used) {
                open.extend(uses.get(used).into_iter().flatten());
            }
        }
        // A circle is told once, at the first of it.
        if seen.contains(name) && told.is_disjoint(&seen) {
            told.insert(name);
            diagnostics.push(
                Diagnostic::error(CIRCLE, format!("the variable `{name}` stands for itself"))
                    .label(entry.key.span, "named by what it names")
                    .help("give it a value of its own"),
            );
        }
    }
}

/// The variables that the scalars of a tree name.
fn variables_in(node: &Node) -> Vec<&str> {
    match &node.kind {
        Kind::Scalar(scalar) => super::strings::variables(&scalar.text).collect(),
        Kind::List(elements) => elements.iter().flat_map(|one| variables_in(one)).collect(),
        Kind::Map(entries) => entries
            .iter()
            .flat_map(|entry| variables_in(&entry.value))
            .collect(),
    }
}

/// How a file is read.
struct Reading<'r> {
    document: Document,
    strings: &'r Strings,
    form: FormCheck<'r>,
    /// False where `flowline.yaml` could not be read: which variables there are is not known.
    knows_variables: bool,
}

impl Reading<'_> {
    /// Checks the strings and the form of a tree and lowers what is right of it.
    fn typed<T: serde::de::DeserializeOwned>(
        &self,
        root: &Arc<Node>,
        diagnostics: &mut Diagnostics,
        hidden: &mut Vec<Span>,
    ) -> Option<(T, LeftOut)> {
        let mut mistakes = Vec::new();
        self.strings_of(root, &mut Vec::new(), diagnostics, &mut mistakes);
        hidden.extend(
            mistakes
                .iter()
                .filter_map(|mistake| mistake.diagnostic.labels.first())
                .filter(|label| label.text != VARIABLE)
                .map(|label| label.span),
        );
        let document = self.document;
        // No whole condition comes from outside.
        let keeps = |keys: &[Arc<str>]| is_secret(document, keys) || is_expression("", keys);
        let resolved = self.strings.resolve(root, &mut Vec::new(), &keeps);
        let secrets: Vec<Vec<Arc<str>>> = mistakes
            .iter()
            .map(|mistake| mistake.path.clone())
            .collect();
        let form = (self.form)(document, &resolved);
        mistakes.extend(form.into_iter().filter(|one| !secrets.contains(&one.path)));
        let left_out = LeftOut {
            anything: !mistakes.is_empty(),
            shape: known_in(&resolved, &mistakes),
        };
        let rest = without(&resolved, &mistakes);
        diagnostics.extend(mistakes.into_iter().map(|mistake| mistake.diagnostic));
        match lower(&rest?, self.strings) {
            Ok(typed) => Some((typed, left_out)),
            // What was left out may be required: that has been told.
            Err(_) if left_out.anything => None,
            Err(mistake) => {
                diagnostics.push(mistake);
                None
            }
        }
    }

    /// Says what of a tree's `${…}` cannot be replaced, each once.
    fn strings_of(
        &self,
        node: &Arc<Node>,
        keys: &mut Vec<Arc<str>>,
        diagnostics: &mut Diagnostics,
        mistakes: &mut Vec<Mistake>,
    ) {
        match &node.kind {
            Kind::List(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    keys.push(index.to_string().into());
                    self.strings_of(element, keys, diagnostics, mistakes);
                    keys.pop();
                }
            }
            Kind::Map(entries) => {
                for entry in entries {
                    self.key_strings(&entry.key, diagnostics);
                    keys.push(Arc::clone(&entry.key.value));
                    self.strings_of(&entry.value, keys, diagnostics, mistakes);
                    keys.pop();
                }
            }
            Kind::Scalar(scalar) if is_secret(self.document, keys) => {
                if SecretSource::parse(&scalar.text).is_none() {
                    mistakes.push(Mistake {
                        diagnostic: no_secret(&scalar.text, node.span, keys),
                        path: keys.clone(),
                        removable: false,
                    });
                }
            }
            Kind::Scalar(scalar) => {
                if !scalar.text.contains("${") || scalar.value != ScalarValue::Text {
                    return;
                }
                let in_variable =
                    self.document == Document::Project && keys.iter().any(|key| &**key == "vars");
                let expression = is_expression(&scalar.text, keys);
                if !in_variable && !expression && self.strings.is_variable(&scalar.text) {
                    return;
                }
                let expanded = if expression {
                    self.strings.expand_expression(&scalar.text)
                } else {
                    self.strings.expand(&scalar.text)
                };
                self.refusals(expanded, |range| scalar.locate(range), diagnostics);
            }
        }
    }
}

/// The transforms before all that was left out; none where the records are known everywhere.
fn known_in(root: &Node, mistakes: &[Mistake]) -> Option<Span> {
    let transforms = root.get("transforms");
    let start = transforms.map_or(0, |list| list.span.start);
    let ends =
        mistakes
            .iter()
            .filter_map(|mistake| match mistake.path.first().map(|step| &**step) {
                None | Some("sources") => Some(start),
                Some("transforms") => {
                    let steps = transforms.and_then(|list| list.as_list());
                    let index = mistake.path.get(1).and_then(|step| step.parse().ok());
                    let step = steps
                        .zip(index)
                        .and_then(|(steps, at): (_, usize)| steps.get(at));
                    Some(step.map_or(start, |step| step.span.start))
                }
                Some(_) if is_of_steps(&mistake.path, root) => {
                    Some(transforms.map_or(start, |list| list.span.end))
                }
                Some(_) => None,
            });
    ends.min().map(|end| Span::new(start, end))
}

impl Reading<'_> {
    /// What of a key's `${…}` cannot be replaced.
    fn key_strings(&self, key: &Spanned<Arc<str>>, diagnostics: &mut Diagnostics) {
        if key.value.contains("${") {
            self.refusals(self.strings.expand(&key.value), |_| key.span, diagnostics);
        }
    }

    fn refusals(
        &self,
        expanded: Expanded,
        locate: impl Fn(std::ops::Range<usize>) -> Span,
        diagnostics: &mut Diagnostics,
    ) {
        for refusal in expanded.refusals {
            if !self.knows_variables && matches!(refusal.reason, Reason::UnknownVariable(_)) {
                continue;
            }
            let told = refused(&refusal.reason, locate(refusal.range), self.strings);
            // What an environment lays over stands in the tree twice.
            if !diagnostics.iter().any(|one| *one == told) {
                diagnostics.push(told);
            }
        }
    }
}

/// True where a mistake is in a sink's transforms, or in what may be meant for some.
fn is_of_steps(path: &[Arc<str>], root: &Node) -> bool {
    if path.iter().any(|step| &**step == "transforms") {
        return true;
    }
    let mut node = Some(root);
    for step in path {
        node = node.and_then(|node| match &node.kind {
            Kind::List(elements) => elements.get(step.parse::<usize>().ok()?).map(|one| &**one),
            _ => node.get(step).map(|one| &**one),
        });
    }
    node.and_then(Node::as_list)
        .is_some_and(|elements| elements.iter().any(|one| one.as_map().is_some()))
}

/// True for a path or condition: strings from outside stand only inside its string literals.
fn is_expression(text: &str, keys: &[Arc<str>]) -> bool {
    if text.starts_with("$.") || text.starts_with("$[") {
        return true;
    }
    let back = |count: usize| {
        keys.len()
            .checked_sub(count)
            .and_then(|at| keys.get(at))
            .map(|key| &**key)
    };
    match back(1) {
        Some("keep" | "drop") => back(3) == Some("transforms"),
        Some("condition") => back(2) == Some("expect"),
        Some("when") => back(4) == Some("sinks"),
        _ => false,
    }
}

/// True for the keys that lead to a secret.
fn is_secret(document: Document, keys: &[Arc<str>]) -> bool {
    let Some(last) = keys.last().map(|key| &**key) else {
        return false;
    };
    match document {
        Document::Project => {
            SECRET_KEYS.contains(&last) && keys.iter().any(|key| &**key == "connections")
        }
        Document::Pipeline => {
            let under = |name: &str| {
                keys.windows(2).any(
                    |pair| matches!(pair, [above, key] if &**above == "http" && &**key == name),
                )
            };
            (matches!(last, "bearer" | "password" | "value") && under("auth"))
                || (["authorization", "cookie", "x-api-key"]
                    .contains(&last.to_ascii_lowercase().as_str())
                    && under("headers"))
        }
    }
}

/// The label of a variable where a secret is expected: it may be shown.
const VARIABLE: &str = "a variable";

fn no_secret(text: &str, span: Span, keys: &[Arc<str>]) -> Diagnostic {
    let connections = keys.iter().position(|key| &**key == "connections");
    let name: Vec<String> = connections
        .and_then(|at| keys.get(at + 2))
        .into_iter()
        .chain(keys.last())
        .map(|key| {
            key.to_uppercase()
                .replace(|one: char| !one.is_ascii_alphanumeric(), "_")
        })
        .collect();
    let name = name.join("_");
    let (message, expected) = if text.starts_with("${var:") {
        ("a variable does not hold a secret", VARIABLE)
    } else if text.starts_with("${") && text.contains(":-") {
        ("a secret has no default", "has a default")
    } else {
        (
            "a secret is never written into a file",
            "expected exactly one `${…}`",
        )
    };
    Diagnostic::error(SECRET_LITERAL, message)
        .label(span, expected)
        .help(format!(
            "write `\"${{{name}}}\"` and set it in the environment or in .env"
        ))
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
        Reason::TooLong => Diagnostic::error(MALFORMED, "the text grows beyond 1 MiB")
            .label(span, "one replacement too many")
            .help("let variables name fewer variables"),
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
    overlaid(root, chosen)
}

/// What of a project an environment may hold.
const OVERLAID: [&str; 4] = ["connections", "vars", "state", "server"];

fn overlaid(root: &Arc<Node>, chosen: &Node) -> Arc<Node> {
    let parts: Vec<Entry> = chosen
        .as_map()
        .unwrap_or_default()
        .iter()
        .filter(|entry| OVERLAID.contains(&&*entry.key.value))
        .cloned()
        .collect();
    let over = Arc::new(Node {
        span: chosen.span,
        kind: Kind::Map(parts),
    });
    merged(root, &over, &mut Vec::new())
}

/// Maps are merged member by member, all else is replaced; so is a choice of one key where another
/// one is chosen.
fn merged(base: &Arc<Node>, over: &Arc<Node>, keys: &mut Vec<Arc<str>>) -> Arc<Node> {
    let (Kind::Map(under), Kind::Map(above)) = (&base.kind, &over.kind) else {
        return Arc::clone(over);
    };
    let is_choice = match keys.first().map(|key| &**key) {
        Some("state") => keys.len() == 1,
        Some("connections") => {
            keys.len() == 2 || (keys.len() == 4 && keys.last().is_some_and(|key| &**key == "auth"))
        }
        _ => false,
    };
    if is_choice
        && let ([was], [is]) = (&under[..], &above[..])
        && was.key.value != is.key.value
    {
        return Arc::clone(over);
    }
    let added: HashMap<&str, &Arc<Node>> = above
        .iter()
        .map(|entry| (&*entry.key.value, &entry.value))
        .collect();
    let known: HashSet<&str> = under.iter().map(|entry| &*entry.key.value).collect();
    let mut entries: Vec<Entry> = Vec::with_capacity(under.len());
    for entry in under {
        let Some(value) = added.get(&*entry.key.value) else {
            entries.push(entry.clone());
            continue;
        };
        keys.push(Arc::clone(&entry.key.value));
        entries.push(Entry {
            key: entry.key.clone(),
            value: merged(&entry.value, value, keys),
        });
        keys.pop();
    }
    entries.extend(
        above
            .iter()
            .filter(|entry| !known.contains(&*entry.key.value))
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
