//! Reading a project: every mistake of every file at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{PROJECT_FILE, connections};
use crate::config::{
    Catalog, Connection, Loaded, LoadedPipeline, Texts, is_valid_name, load, parse_dotenv,
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
        diagnostics.extend_in(connections::check(&loaded.project), &loaded.source);
        compile(root, &loaded, &mut opened.plans, &mut diagnostics);
        // What only another environment has is checked too; what all have is told once.
        let mut seen = diagnostics.clone();
        let names = loaded.environments.iter().map(|name| Some(&**name));
        for env in names.chain([None]).filter(|env| *env != request.env) {
            texts.env = env.map(str::to_owned);
            let (other, mut found) = load(&texts, &schema::check);
            if let Some(other) = other {
                found.extend_in(connections::check(&other.project), &other.source);
                compile(root, &other, &mut BTreeMap::new(), &mut found);
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
    all.into_iter().collect()
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
            && matches!(code, "pipeline.no_sources" | "pipeline.no_sinks"))
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
        match fs::read_to_string(root.join(&file)) {
            Ok(text) => match serde_json::from_str::<Catalog>(&text) {
                Ok(catalog) => {
                    catalogs.insert(Arc::clone(&name.value), catalog);
                }
                Err(error) => diagnostics.push(
                    Diagnostic::error(BAD_CATALOG, format!("{file} is no catalog: {error}")).help(
                        format!("make it anew: `flowline fields {} --save`", name.value),
                    ),
                ),
            },
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
        } else if let Some(name) = file.strip_suffix(".yml") {
            diagnostics.push(
                Diagnostic::warning(OTHER_ENDING, format!("pipelines/{file} is not read"))
                    .help(format!("name it {name}.yaml")),
            );
        } else if let Some(name) = file.strip_suffix(".yaml") {
            let shown = format!("pipelines/{file}");
            if !is_valid_name(name) {
                diagnostics.push(
                    Diagnostic::error(
                        PIPELINE_NAME,
                        format!("{shown}: `{name}` is no name of a pipeline"),
                    )
                    .help("use a-z, 0-9, `_` and `-`, at most 63, a letter or digit first"),
                );
                continue;
            }
            found.extend(read(&path, &shown, diagnostics).map(|source| (name.to_owned(), source)));
        }
    }
    found
}

fn read(path: &Path, shown: &str, diagnostics: &mut Diagnostics) -> Option<Arc<Source>> {
    let failed = match fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => return Some(Source::new(shown, text)),
            Err(error) => format!(
                "{shown} is not UTF-8: byte {}",
                error.utf8_error().valid_up_to()
            ),
        },
        Err(error) => format!("{shown} cannot be read: {error}"),
    };
    diagnostics.push(
        Diagnostic::error(UNREADABLE, failed)
            .help("check the file's name, encoding and permissions"),
    );
    None
}

fn dotenv(request: &Request<'_>, diagnostics: &mut Diagnostics) -> Vec<(String, String)> {
    let (path, shown) = match request.env_file {
        Some(file) => (file.to_owned(), file.display().to_string()),
        None => (request.root.join(".env"), ".env".to_owned()),
    };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            if request.env_file.is_some() {
                diagnostics.push(
                    Diagnostic::error(UNREADABLE, format!("{shown} cannot be read: {error}"))
                        .help("check the name after --env-file"),
                );
            }
            return Vec::new();
        }
    };
    let (names, wrong) = parse_dotenv(&text);
    for line in wrong {
        // The line itself may hold a secret: only its number is told.
        diagnostics.push(
            Diagnostic::error(
                DOTENV_LINE,
                format!("line {line} of {shown} is not `NAME=VALUE`"),
            )
            .help("comments start with `#`; a value in quotes closes them on the same line"),
        );
    }
    names
}
