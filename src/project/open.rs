//! Reading a project: every mistake of every file at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{PROJECT_FILE, connections, webhooks};
use crate::config::{
    Catalog, Connection, Loaded, LoadedPipeline, Strings, Texts, is_valid_name, load, parse_dotenv,
};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source, Span};
use crate::plan::{self, Plan, Surroundings};
use crate::schema;

const UNREADABLE: Code = Code::new("project.unreadable");
const PIPELINE_NAME: Code = Code::new("project.pipeline_name");
const OTHER_ENDING: Code = Code::new("project.other_ending");
const SUBFOLDER: Code = Code::new("project.subfolder");
const DOTENV_LINE: Code = Code::new("dotenv.line");
const BAD_CATALOG: Code = Code::new("catalog.unreadable");
const NO_CATALOG: Code = Code::new("catalog.missing");

/// What to read.
#[derive(Clone, Debug)]
pub struct Request<'r> {
    /// The project's folder.
    pub root: &'r Path,
    /// The environment.
    pub environment: &'r BTreeMap<String, String>,
    /// `--env`.
    pub env: Option<&'r str>,
    /// `--env-file`.
    pub env_file: Option<&'r Path>,
}

/// A project as far as it could be read.
#[derive(Debug)]
pub struct Opened {
    /// The folder.
    pub root: PathBuf,
    /// `flowline.yaml` and the pipelines as written; none where the project cannot be read.
    pub loaded: Option<Loaded>,
    /// The pipelines without mistakes, by name.
    pub plans: BTreeMap<String, Arc<Plan>>,
    /// The names of all pipelines, those with mistakes too.
    pub names: Vec<String>,
    /// Every mistake.
    pub diagnostics: Diagnostics,
    /// How many files were read.
    pub files: usize,
}

/// Reads, checks and compiles a project.
#[must_use]
pub fn open(request: &Request<'_>) -> Opened {
    let mut diagnostics = Diagnostics::new();
    let root = request.root;
    let mut opened = Opened {
        root: root.to_owned(),
        loaded: None,
        plans: BTreeMap::new(),
        names: Vec::new(),
        diagnostics: Diagnostics::new(),
        files: 0,
    };
    let Some(project) = read(&root.join(PROJECT_FILE), PROJECT_FILE, &mut diagnostics) else {
        opened.diagnostics = diagnostics;
        return opened;
    };
    let pipelines = pipelines(root, &mut diagnostics);
    opened.names = pipelines.iter().map(|(name, _)| name.clone()).collect();
    opened.files = pipelines.len() + 1;
    let mut texts = Texts {
        project,
        pipelines,
        dotenv: dotenv(request, &mut diagnostics),
        environment: request.environment.clone(),
        env: request.env.map(str::to_owned),
    };
    let (loaded, found) = load(&texts, &schema::check);
    diagnostics.extend(found);
    if let Some(loaded) = loaded {
        connected(&loaded, &mut diagnostics);
        compile(root, &loaded, &mut opened.plans, &mut diagnostics);
        let shown = |found: Diagnostics, loaded: &Loaded| -> Diagnostics {
            found
                .into_iter()
                .map(|one| without_replaced(one, &loaded.strings))
                .collect()
        };
        diagnostics = shown(diagnostics, &loaded);
        // What only another environment has is checked too; what all have is told once.
        let mut seen = diagnostics.clone();
        let names = loaded.environments.iter().map(|name| Some(&**name));
        for env in names.chain([None]).filter(|env| *env != request.env) {
            texts.env = env.map(str::to_owned);
            let (other, mut found) = load(&texts, &schema::check);
            if let Some(other) = other {
                connected(&other, &mut found);
                compile(root, &other, &mut BTreeMap::new(), &mut found);
                found = shown(found, &other);
            }
            for mut one in found {
                if !seen.iter().any(|known| *known == one) {
                    seen.push(one.clone());
                    one.message = match env {
                        Some(env) => format!("{}, under `--env {env}`", one.message),
                        None => format!("{}, without `--env`", one.message),
                    };
                    diagnostics.push(one);
                }
            }
        }
        opened.loaded = Some(loaded);
    }
    opened.diagnostics = in_order(diagnostics);
    opened
}

/// Codes of what may only follow from a key of a connection that was left out.
const OF_KEYS: [&str; 2] = ["connection.no_site", "connection.ways_in"];

/// Checks the connections; what only follows from mistakes of form is not told.
fn connected(loaded: &Loaded, diagnostics: &mut Diagnostics) {
    let found = connections::check(&loaded.project);
    let alone = found
        .into_iter()
        .filter(|one| loaded.complete || !OF_KEYS.contains(&one.code.as_str()));
    diagnostics.extend_in(alone.collect(), &loaded.source);
}

/// How short a replaced value may be to be looked for inside other words.
const SHORT: usize = 3;

/// What stands for a `${…}` is never shown: the `${…}` itself is.
fn without_replaced(mut one: Diagnostic, strings: &Strings) -> Diagnostic {
    let Some(source) = one.source.clone() else {
        return one;
    };
    let spans: Vec<Span> = one.labels.iter().map(|label| label.span).collect();
    for span in spans {
        let written = source.slice(span).trim_matches(['"', '\'']);
        if !written.contains("${") {
            continue;
        }
        let expanded = strings.expand(written);
        // A default is no secret: it stands in the file.
        let is_shown = |value: &str| value.is_empty() || written.contains(value);
        let whole = &*expanded.text;
        if is_shown(whole) {
            continue;
        }
        if whole.len() >= SHORT {
            one.reword(whole, written);
        } else {
            for quote in ['`', '"'] {
                let shown = format!("{quote}{whole}{quote}");
                one.reword(&shown, &format!("{quote}{written}{quote}"));
            }
        }
        for replacement in &expanded.replacements {
            let value = whole.get(replacement.expanded.clone());
            let name = written.get(replacement.written.clone());
            if let (Some(value), Some(name)) = (value, name)
                && value.len() >= SHORT
                && !is_shown(value)
            {
                one.reword(value, name);
            }
        }
    }
    one
}

/// File by file from top to bottom; what is of no file comes last.
fn in_order(diagnostics: Diagnostics) -> Diagnostics {
    let mut all: Vec<Diagnostic> = diagnostics.into_iter().collect();
    all.sort_by(|one, other| {
        let key = |diagnostic: &Diagnostic| {
            let start = diagnostic.labels.first().map(|label| label.span.start);
            (diagnostic.source.is_none(), start)
        };
        let name = |diagnostic: &Diagnostic| {
            diagnostic
                .source
                .as_ref()
                .map(|source| source.name().to_owned())
        };
        (key(one).0, name(one), key(one).1).cmp(&(key(other).0, name(other), key(other).1))
    });
    // What stands under an anchor is read wherever the anchor is named.
    let mut once: Vec<Diagnostic> = Vec::with_capacity(all.len());
    for one in all {
        let near = once.iter().rev();
        let mut same_place = near.take_while(|known| known.labels.first() == one.labels.first());
        if !same_place.any(|known| *known == one) {
            once.push(one);
        }
    }
    once.into_iter().collect()
}

/// Codes of what may only follow from a source or transform that was left out.
const OF_SHAPE: [&str; 9] = [
    "path.unknown_field",
    "path.no_members",
    "path.no_elements",
    "template.prints_collection",
    "condition.null_or_absent",
    "pipeline.no_sources",
    "pipeline.no_sinks",
    "event.no_time",
    "sink.no_identity",
];

/// Codes of what may only follow from a connection that was left out.
const OF_CONNECTIONS: [&str; 5] = [
    "limits.unknown_connection",
    "pipeline.no_connection",
    "pipeline.unknown_connection",
    "pipeline.wrong_service",
    "pipeline.choose_connection",
];

/// False for what may only follow from mistakes that have been told.
fn stands_alone(one: &Diagnostic, loaded: &Loaded, pipeline: &LoadedPipeline) -> bool {
    let code = one.code.as_str();
    let known = |known: Span| {
        let label = one.labels.first();
        label.is_some_and(|label| known.start <= label.span.start && label.span.end <= known.end)
    };
    let unknown = pipeline.left_out.shape.is_some_and(|part| !known(part));
    let follows = (unknown && OF_SHAPE.contains(&code))
        || (pipeline.left_out.anything
            && matches!(
                code,
                "pipeline.no_sources" | "pipeline.no_sinks" | "sink.identify_nothing"
            ))
        || (!loaded.complete && OF_CONNECTIONS.contains(&code));
    !follows
}

/// True for what is said of a `${…}` that could not be replaced: that has been told.
fn follows_from_string(one: &Diagnostic, known: &Diagnostics) -> bool {
    let Some(label) = one.labels.first() else {
        return false;
    };
    known.iter().any(|before| {
        before.code.as_str().starts_with("strings.")
            && before.source == one.source
            && before.labels.first().is_some_and(|replaced| {
                replaced.span.start < label.span.end && label.span.start < replaced.span.end
            })
    })
}

fn compile(
    root: &Path,
    loaded: &Loaded,
    plans: &mut BTreeMap<String, Arc<Plan>>,
    diagnostics: &mut Diagnostics,
) {
    let connections = loaded.project.connections.iter();
    let connections: BTreeMap<Arc<str>, &'static str> = connections
        .map(|(name, connection)| (Arc::clone(&name.value), connection.value.service()))
        .collect();
    let mut catalogs = BTreeMap::new();
    for (name, connection) in loaded.project.connections.iter() {
        let file = format!("catalog/{}.json", name.value);
        match fs::read(root.join(&file)) {
            Ok(bytes) => {
                let Some(text) = text(bytes, &file, diagnostics) else {
                    continue;
                };
                let source = Source::new(file.as_str(), text.as_str());
                let mut refuse = |message: String, at: Span, label: &str| {
                    let help = format!("make it anew: `flowline fields {} --save`", name.value);
                    let mistake = Diagnostic::error(BAD_CATALOG, message).label(at, label);
                    diagnostics.push(mistake.help(help).in_source(&source));
                };
                let service = connection.value.service();
                match Catalog::read(&text) {
                    Ok(catalog) if catalog.service() == service => {
                        catalogs.insert(Arc::clone(&name.value), catalog);
                    }
                    Ok(catalog) => {
                        let at = text.find("\"kind\"").unwrap_or_default();
                        let of = catalog.service();
                        refuse(
                            format!(
                                "{file} is of {of}, and `{}` is a connection to {service}",
                                name.value
                            ),
                            Span::new(at, at + "\"kind\"".len()),
                            "of another service",
                        );
                    }
                    Err(error) => {
                        let at = source.byte(error.line(), error.column());
                        let words = error.to_string();
                        let words = words.split(" at line ").next().unwrap_or_default();
                        refuse(
                            format!("{file} is no catalog: {words}"),
                            Span::new(at, at),
                            "as far as it can be read",
                        );
                    }
                }
            }
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => diagnostics.push(
                Diagnostic::error(UNREADABLE, format!("{file} cannot be read: {error}"))
                    .help("check the file's permissions"),
            ),
            Err(_) if matches!(connection.value, Connection::Brevo(_)) => diagnostics.push(
                Diagnostic::note(
                    NO_CATALOG,
                    format!(
                        "attributes and lists of `{}` are not checked here",
                        name.value
                    ),
                )
                .help(format!(
                    "`flowline fields {} --save` writes {file}; commit it",
                    name.value
                )),
            ),
            Err(_) => {}
        }
    }
    let surroundings = Surroundings {
        connections: &connections,
        strings: &loaded.strings,
        catalogs: &catalogs,
    };
    for pipeline in &loaded.pipelines {
        let (plan, found) = plan::compile(
            &pipeline.name,
            &pipeline.source,
            &pipeline.pipeline,
            &surroundings,
        );
        for one in found {
            if stands_alone(&one, loaded, pipeline) && !follows_from_string(&one, diagnostics) {
                diagnostics.push(one);
            }
        }
        if let Some(plan) = plan
            && !pipeline.left_out.anything
        {
            plans.insert(pipeline.name.clone(), Arc::new(plan));
        }
    }
    diagnostics.extend(webhooks::check(&loaded.project, plans));
}

/// `pipelines/*.yaml` in the order of their names; what is not read is warned of.
fn pipelines(root: &Path, diagnostics: &mut Diagnostics) -> Vec<(String, Arc<Source>)> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(root.join("pipelines")) else {
        return found;
    };
    let mut entries: Vec<_> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    for path in entries {
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if file.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            diagnostics.push(
                Diagnostic::warning(SUBFOLDER, format!("pipelines/{file}/ is not read"))
                    .help("move its files to pipelines/"),
            );
        } else if let Some(name) = other_ending(file) {
            let source = Source::new(format!("pipelines/{file}"), String::new());
            diagnostics.push(
                Diagnostic::warning(OTHER_ENDING, format!("pipelines/{file} is not read"))
                    .label(Span::new(0, 0), "another ending")
                    .help(format!("name it {name}.yaml"))
                    .in_source(&source),
            );
        } else if let Some(name) = file.strip_suffix(".yaml") {
            let shown = format!("pipelines/{file}");
            if !is_valid_name(name) {
                diagnostics.push(
                    Diagnostic::error(
                        PIPELINE_NAME,
                        format!("{shown}: `{name}` is no name of a pipeline"),
                    )
                    .label(Span::new(0, 0), "no name of a pipeline")
                    .help("use a-z, 0-9, `_` and `-`, at most 63, a letter or digit first")
                    .in_source(&Source::new(shown.as_str(), String::new())),
                );
                continue;
            }
            found.extend(read(&path, &shown, diagnostics).map(|source| (name.to_owned(), source)));
        }
    }
    found
}

/// The name without an ending that looks like YAML's and is not `.yaml`.
fn other_ending(file: &str) -> Option<&str> {
    let (name, ending) = file.rsplit_once('.')?;
    let like = ["yml", "yaml"]
        .iter()
        .any(|one| ending.eq_ignore_ascii_case(one));
    (like && ending != "yaml").then_some(name)
}

fn read(path: &Path, shown: &str, diagnostics: &mut Diagnostics) -> Option<Arc<Source>> {
    match fs::read(path) {
        Ok(bytes) => text(bytes, shown, diagnostics).map(|text| Source::new(shown, text)),
        Err(error) => {
            diagnostics.push(
                Diagnostic::error(UNREADABLE, format!("{shown} cannot be read: {error}"))
                    .help("check the file's name and permissions"),
            );
            None
        }
    }
}

/// A file's text; what is not UTF-8 is shown at its first wrong byte.
fn text(bytes: Vec<u8>, shown: &str, diagnostics: &mut Diagnostics) -> Option<String> {
    let error = match String::from_utf8(bytes) {
        Ok(text) => return Some(text),
        Err(error) => error,
    };
    let at = error.utf8_error().valid_up_to();
    let before = error.as_bytes().get(..at).unwrap_or_default();
    let before = String::from_utf8_lossy(before);
    // What follows is shown as far as its line goes, a sign for each byte that is none.
    let rest = error.as_bytes().get(at..).unwrap_or_default();
    let rest = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let rest: String = rest
        .iter()
        .map(|byte| {
            if byte.is_ascii() {
                char::from(*byte)
            } else {
                '?'
            }
        })
        .collect();
    let source = Source::new(shown, format!("{before}{rest}"));
    let source = if shown.ends_with(".yaml") {
        source
    } else {
        masked(&source)
    };
    diagnostics.push(
        Diagnostic::error(UNREADABLE, format!("{shown} is not UTF-8"))
            .label(Span::new(at, at + 1), format!("byte {at}"))
            .help("save it as UTF-8")
            .in_source(&source),
    );
    None
}

/// A file that may hold secrets, each character of a value a `*`: all places stay what they are.
fn masked(source: &Source) -> Arc<Source> {
    let lines = source.text().split_inclusive('\n').map(|line| {
        let name = line.find('=').map_or(0, |at| at + 1);
        let (name, value) = line.split_at_checked(name).unwrap_or_default();
        let comment = line.trim_start().starts_with('#');
        let value = value.chars().map(|one| match one {
            '\r' | '\n' => one.to_string(),
            one => "*".repeat(one.len_utf8()),
        });
        if comment {
            line.to_owned()
        } else {
            format!("{name}{}", value.collect::<String>())
        }
    });
    Source::new(source.name(), lines.collect::<String>())
}

fn dotenv(request: &Request<'_>, diagnostics: &mut Diagnostics) -> Vec<(String, String)> {
    let (path, shown) = match request.env_file {
        Some(file) => (file.to_owned(), file.display().to_string()),
        None => (request.root.join(".env"), ".env".to_owned()),
    };
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            if request.env_file.is_some() {
                diagnostics.push(
                    Diagnostic::error(UNREADABLE, format!("{shown} cannot be read: {error}"))
                        .help("check the name after --env-file"),
                );
            } else if error.kind() != std::io::ErrorKind::NotFound {
                diagnostics.push(
                    Diagnostic::error(UNREADABLE, format!("{shown} cannot be read: {error}"))
                        .help("check the file's permissions"),
                );
            }
            return Vec::new();
        }
    };
    let Some(text) = text(bytes, &shown, diagnostics) else {
        return Vec::new();
    };
    let (names, wrong) = parse_dotenv(&text);
    let source = masked(&Source::new(shown.as_str(), text.as_str()));
    for line in wrong {
        // The line itself may hold a secret: it is shown masked.
        let mut lines = source.text().split_inclusive('\n');
        let start = lines.by_ref().take(line - 1).map(str::len).sum();
        let length = lines.next().map_or(0, |line| line.trim_end().len());
        diagnostics.push(
            Diagnostic::error(
                DOTENV_LINE,
                format!("line {line} of {shown} is not `NAME=VALUE`"),
            )
            .label(Span::new(start, start + length), "expected `NAME=VALUE`")
            .help("comments start with `#`; a value in quotes closes them on the same line")
            .in_source(&source),
        );
    }
    names
}
