//! What a validator finds, in words a person understands, at the smallest thing that is wrong.

use std::sync::Arc;

use jsonschema::JsonType;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value as Json;

use crate::config::Mistake;
use crate::diagnostic::{Code, Diagnostic, Span, nearest};
use crate::syntax::{Entry, Kind, Node, ScalarValue, core_schema};

const UNKNOWN_KEY: Code = Code::new("form.unknown_key");
const UNKNOWN_STEP: Code = Code::new("form.unknown_step");
const SEVERAL_KEYS: Code = Code::new("form.several_keys");
const NO_KEY: Code = Code::new("form.no_key");
const MISSING_KEY: Code = Code::new("form.missing_key");
const WRONG_TYPE: Code = Code::new("form.wrong_type");
const NOTHING_THERE: Code = Code::new("form.nothing_there");
const NOT_ONE_OF: Code = Code::new("form.not_one_of");
const OUT_OF_RANGE: Code = Code::new("form.out_of_range");
const OTHER: Code = Code::new("form.other");

/// A place in the tree.
pub(super) struct Place<'n> {
    node: &'n Arc<Node>,
    /// The key that it stands under, where there is one on the way.
    owner: Option<(&'n str, Span)>,
    /// It stands under that very key, not in a list below it.
    direct: bool,
}

impl<'n> Place<'n> {
    /// The place that the keys and indexes lead to, as far as they can be followed.
    pub(super) fn find(root: &'n Arc<Node>, path: &[Arc<str>]) -> Self {
        let mut place = Self {
            node: root,
            owner: None,
            direct: false,
        };
        for step in path {
            match &place.node.kind {
                Kind::Map(_) => {
                    let Some(entry) = place.node.entry(step) else {
                        return place;
                    };
                    place.owner = Some((&entry.key.value, entry.key.span));
                    place.direct = true;
                    place.node = &entry.value;
                }
                Kind::List(elements) => {
                    let element = step
                        .parse()
                        .ok()
                        .and_then(|index: usize| elements.get(index));
                    let Some(element) = element else {
                        return place;
                    };
                    place.direct = false;
                    place.node = element;
                }
                Kind::Scalar(_) => return place,
            }
        }
        place
    }

    /// True where a `${…}` stands here whose value is not known, or is of the right kind once it
    /// is read as what is expected.
    pub(super) fn is_open(&self, kind: &ValidationErrorKind) -> bool {
        let Some(scalar) = self.node.as_scalar() else {
            return false;
        };
        if scalar.value == ScalarValue::Text && !scalar.replaced && scalar.text.starts_with("${") {
            return true;
        }
        let ValidationErrorKind::Type { kind } = kind else {
            return false;
        };
        scalar.replaced
            && scalar.value == ScalarValue::Text
            && match core_schema(&scalar.text) {
                ScalarValue::Bool(_) => allows(kind, JsonType::Boolean),
                ScalarValue::Number(number) => {
                    allows(kind, JsonType::Number)
                        || (allows(kind, JsonType::Integer) && number.as_i64().is_some())
                }
                ScalarValue::Null | ScalarValue::Text => false,
            }
    }

    /// The value's characters; a value of several lines is blamed at its key.
    fn span(&self) -> Span {
        match (&self.node.kind, self.owner) {
            (Kind::Scalar(_), Some((_, key))) if self.node.span.is_empty() => key,
            (Kind::Scalar(_), _) => self.node.span,
            (_, Some((_, key))) if self.direct => key,
            (Kind::Map(entries), _) => entries.first().map_or(self.node.span, |one| one.key.span),
            (Kind::List(elements), _) => elements.first().map_or(self.node.span, |one| one.span),
        }
    }

    /// The key of what lacks something.
    fn owner_span(&self) -> Span {
        match self.owner {
            Some((_, key)) if self.direct => key,
            _ => match &self.node.kind {
                Kind::Map(entries) => entries.first().map_or(self.node.span, |one| one.key.span),
                _ => self.node.span,
            },
        }
    }

    fn name(&self) -> String {
        self.owner
            .filter(|_| self.direct)
            .map_or_else(|| "this".to_owned(), |(name, _)| format!("`{name}`"))
    }
}

fn allows(kind: &TypeKind, wanted: JsonType) -> bool {
    match kind {
        TypeKind::Single(one) => *one == wanted,
        TypeKind::Multiple(several) => several.iter().any(|one| one == wanted),
    }
}

/// True for the mistake of a map that has several keys where one is expected.
pub(super) fn is_several(diagnostic: &Diagnostic) -> bool {
    diagnostic.code == SEVERAL_KEYS
}

/// What one finding of the validator says; several where several keys are unknown.
pub(super) fn mistakes(
    kind: &ValidationErrorKind,
    place: &Place<'_>,
    schema: &Json,
    path: &[Arc<str>],
) -> Vec<Mistake> {
    let one = |diagnostic| {
        vec![Mistake {
            diagnostic,
            path: path.to_vec(),
            removable: false,
        }]
    };
    match kind {
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .filter_map(|key| place.node.entry(key))
            .map(|entry| unknown(entry, place, schema, path))
            .collect(),
        ValidationErrorKind::Required { property } => one(missing(
            property.as_str().unwrap_or_default(),
            place,
            schema,
        )),
        ValidationErrorKind::Type { kind } => one(wrong_type(kind, place, schema)),
        ValidationErrorKind::Enum { options } => one(not_one_of(options, place)),
        ValidationErrorKind::MaxProperties { .. } => one(several(place, schema)),
        ValidationErrorKind::MinProperties { .. } => one(Diagnostic::error(
            NO_KEY,
            format!("{} is a map of one key, and has none", place.name()),
        )
        .label(place.span(), "expected one key")
        .help(format!("one of: {}", keys(schema).join(", ")))),
        ValidationErrorKind::Minimum { limit } => one(out_of_range("at least", limit, place)),
        ValidationErrorKind::Maximum { limit } => one(out_of_range("at most", limit, place)),
        other => one(Diagnostic::error(
            OTHER,
            format!(
                "{} is not as it must be: `{}`",
                place.name(),
                other.keyword()
            ),
        )
        .label(place.span(), "here")),
    }
}

/// True for a value of another type than is expected.
pub(super) fn is_of_type(diagnostic: &Diagnostic) -> bool {
    diagnostic.code == WRONG_TYPE || diagnostic.code == NOTHING_THERE
}

/// True for a value that is none of some words.
pub(super) fn is_of_words(diagnostic: &Diagnostic) -> bool {
    diagnostic.code == NOT_ONE_OF
}

/// True for the names of sources and sinks: `brevo.contacts`, `file`.
fn is_service_step(key: &str) -> bool {
    key.contains('.') || matches!(key, "http" | "file" | "metrics")
}

/// True where the sinks are among the transforms: their own key is what is missing.
pub(super) fn lacks_sinks(kind: &ValidationErrorKind, root: &Node) -> bool {
    let ValidationErrorKind::Required { property } = kind else {
        return false;
    };
    let steps = root.get("transforms").and_then(|steps| steps.as_list());
    property.as_str() == Some("sinks")
        && steps
            .unwrap_or_default()
            .iter()
            .filter_map(|step| step.as_map()?.first())
            .any(|entry| is_service_step(&entry.key.value))
}

/// True for what [`lacks_sinks`] is told as.
pub(super) fn is_sink_among_transforms(diagnostic: &Diagnostic) -> bool {
    diagnostic.code == UNKNOWN_STEP && diagnostic.message.ends_with("is a sink, not a transform")
}

/// The unknown key that is most likely meant for one that is missing.
pub(super) fn misspelt(
    kind: &ValidationErrorKind,
    place: &Place<'_>,
    schema: &Json,
) -> Option<Arc<str>> {
    let ValidationErrorKind::Required { property } = kind else {
        return None;
    };
    let missing = property.as_str()?;
    let known = keys(schema);
    let entries = place.node.as_map()?.iter();
    let mut unknown = entries
        .map(|entry| &entry.key.value)
        .filter(|key| !known.contains(&&***key));
    unknown
        .find(|key| {
            // `identify {` and `jql:x`: the colon is missing, or the space after it.
            let begins = key
                .strip_prefix(missing)
                .is_some_and(|rest| rest.starts_with([' ', ':', '{']));
            begins || nearest(key, known.iter().copied()) == Some(missing)
        })
        .cloned()
}

fn out_of_range(words: &str, limit: &Json, place: &Place<'_>) -> Diagnostic {
    Diagnostic::error(OUT_OF_RANGE, format!("{} is out of range", place.name()))
        .label(place.span(), format!("expected {words} {limit}"))
        .help(format!("write a number of {words} {limit}"))
}

fn keys(schema: &Json) -> Vec<&str> {
    schema
        .get("properties")
        .and_then(Json::as_object)
        .map(|properties| properties.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

/// A map of one key out of several, by what the schema says.
fn is_step(schema: &Json) -> bool {
    schema.get("maxProperties").is_some()
}

fn unknown(entry: &Entry, place: &Place<'_>, schema: &Json, path: &[Arc<str>]) -> Mistake {
    let key = &entry.key.value;
    let keys = keys(schema);
    let near = nearest(key, keys.iter().copied());
    let step = is_step(schema);
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the keys here are: {}", keys.join(", ")),
    };
    let (code, message) = if step {
        let owner = place.owner.map(|(name, _)| name);
        if owner == Some("transforms") && near.is_none() && is_service_step(key) {
            return Mistake {
                diagnostic: Diagnostic::error(
                    UNKNOWN_STEP,
                    format!("`{key}` is a sink, not a transform"),
                )
                .label(entry.key.span, "stands among the transforms")
                .help("put `sinks:` above it"),
                path: path.to_vec(),
                removable: false,
            };
        }
        let what = match owner {
            Some("sources") => "source",
            Some("transforms") => "transform",
            Some("sinks") => "sink",
            _ if path.first().is_some_and(|first| &**first == "connections") && path.len() == 2 => {
                "service"
            }
            _ => "key",
        };
        (UNKNOWN_STEP, format!("there is no {what} `{key}`"))
    } else {
        let whose = match place.owner {
            Some((name, _)) if place.direct => format!(" in `{name}`"),
            _ => String::new(),
        };
        (UNKNOWN_KEY, format!("the key `{key}` is not known{whose}"))
    };
    let mut path = path.to_vec();
    path.push(Arc::clone(key));
    Mistake {
        diagnostic: Diagnostic::error(code, message)
            .label(entry.key.span, "unknown")
            .help(help),
        path,
        removable: !step,
    }
}

fn missing(property: &str, place: &Place<'_>, schema: &Json) -> Diagnostic {
    let whose = match place.owner {
        Some((name, _)) if place.direct => format!("`{name}`"),
        Some((name, _)) => format!("an element of `{name}`"),
        None => "the file".to_owned(),
    };
    let said = schema
        .get("properties")
        .and_then(|properties| properties.get(property)?.get("description")?.as_str())
        .map_or_else(String::new, |said| {
            format!(": {}", said.trim_end_matches('.'))
        });
    // A misspelt one is told as an unknown key; here it is said what to add.
    Diagnostic::error(MISSING_KEY, format!("{whose} needs `{property}`"))
        .label(place.owner_span(), format!("`{property}` is missing"))
        .help(format!("add `{property}: …`{said}"))
}

fn wrong_type(kind: &TypeKind, place: &Place<'_>, schema: &Json) -> Diagnostic {
    let expected = expected(kind);
    let node = place.node;
    let said = schema
        .get("description")
        .and_then(Json::as_str)
        .map(|said| said.trim_end_matches('.').to_owned());
    if node
        .as_scalar()
        .is_some_and(|scalar| scalar.value == ScalarValue::Null)
    {
        let mut mistake = Diagnostic::error(
            NOTHING_THERE,
            format!("there is nothing after {}", place.name()),
        )
        .label(place.span(), format!("expected {expected}"));
        let needed: Vec<&str> = schema
            .get("required")
            .and_then(Json::as_array)
            .map(|names| names.iter().filter_map(Json::as_str).collect())
            .unwrap_or_default();
        if !needed.is_empty() {
            return mistake.help(format!(
                "it needs {}: write that below it, indented",
                needed
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(" and ")
            ));
        }
        mistake = mistake.help(if allows(kind, JsonType::Object) {
            "write `{}` for one without options, or leave the key out"
        } else if allows(kind, JsonType::Array) {
            "write `[]` for none, or leave the key out"
        } else {
            "give it a value, or leave the key out"
        });
        return mistake;
    }
    let mut mistake = Diagnostic::error(
        WRONG_TYPE,
        format!("{} is {}, not {expected}", place.name(), node.describe()),
    )
    .label(place.span(), format!("expected {expected}"));
    let text = node.as_scalar().map(|scalar| &*scalar.text);
    let help = match &node.kind {
        Kind::Scalar(_)
            if allows(kind, JsonType::String)
                && said.as_ref().is_some_and(|said| said.contains('`')) =>
        {
            said
        }
        Kind::Scalar(scalar) if allows(kind, JsonType::String) && !scalar.replaced => {
            Some(format!("put it in quotes: `'{}'`", scalar.text))
        }
        Kind::Scalar(scalar)
            if scalar.value == ScalarValue::Text
                && matches!(
                    core_schema(&scalar.text),
                    ScalarValue::Number(_) | ScalarValue::Bool(_)
                )
                && (allows(kind, JsonType::Integer)
                    || allows(kind, JsonType::Number)
                    || allows(kind, JsonType::Boolean)) =>
        {
            Some(format!("leave the quotes out: `{}`", scalar.text))
        }
        Kind::Scalar(_) if allows(kind, JsonType::Boolean) => {
            let yes = matches!(text, Some("yes" | "Yes" | "YES" | "on" | "On" | "ON" | "y"));
            let no = matches!(text, Some("no" | "No" | "NO" | "off" | "Off" | "OFF" | "n"));
            Some(match (yes, no) {
                (true, _) => "in YAML 1.2 it is written `true`".to_owned(),
                (_, true) => "in YAML 1.2 it is written `false`".to_owned(),
                _ => "write `true` or `false`".to_owned(),
            })
        }
        Kind::Scalar(scalar) if keys(schema).contains(&&*scalar.text) => {
            Some(format!("write `{}: {{ … }}`", scalar.text))
        }
        Kind::Scalar(_) if allows(kind, JsonType::Array) => {
            text.map(|text| format!("a list of one is written `[{text}]`"))
        }
        Kind::Map(entries) if allows(kind, JsonType::Array) => entries
            .first()
            .map(|first| format!("each begins with a dash: `- {}: …`", first.key.value)),
        _ => said,
    };
    if let Some(help) = help {
        mistake = mistake.help(help);
    }
    mistake
}

/// The kinds in words.
fn expected(kind: &TypeKind) -> String {
    let word = |one: JsonType| match one {
        JsonType::Null => "null",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Number => "a number",
        JsonType::String => "text",
        JsonType::Array => "a list",
        JsonType::Object => "a map",
    };
    match kind {
        TypeKind::Single(one) => word(*one).to_owned(),
        TypeKind::Multiple(several) => {
            let words: Vec<&str> = several.iter().map(word).collect();
            words.join(" or ")
        }
    }
}

fn not_one_of(options: &Json, place: &Place<'_>) -> Diagnostic {
    let words: Vec<String> = options
        .as_array()
        .map(|options| {
            options
                .iter()
                .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
                .collect()
        })
        .unwrap_or_default();
    let scalar = place.node.as_scalar();
    // What came from outside is never shown.
    let written = scalar.filter(|scalar| !scalar.replaced).map_or_else(
        || place.node.describe().to_owned(),
        |scalar| format!("`{}`", scalar.text),
    );
    let list = words.join(", ");
    let near = scalar
        .filter(|scalar| !scalar.replaced)
        .and_then(|scalar| nearest(&scalar.text, words.iter().map(String::as_str)));
    Diagnostic::error(
        NOT_ONE_OF,
        format!("{written} is not what {} can be", place.name()),
    )
    .label(place.span(), format!("expected one of {list}"))
    .help(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of: {list}"),
    })
}

/// A map of several keys where there is one: mostly options that are not indented.
fn several(place: &Place<'_>, schema: &Json) -> Diagnostic {
    let entries = place.node.as_map().unwrap_or_default();
    let known = keys(schema);
    let is_known = |entry: &&Entry| known.contains(&&*entry.key.value);
    let step = entries.iter().find(is_known);
    let stray = entries
        .iter()
        .find(|entry| !known.contains(&&*entry.key.value));
    let at = stray.or_else(|| entries.get(1)).or_else(|| entries.first());
    let span = at.map_or(place.node.span, |entry| entry.key.span);
    match (step, stray) {
        (Some(step), Some(stray)) => {
            let (step, stray) = (&step.key.value, &stray.key.value);
            Diagnostic::error(
                SEVERAL_KEYS,
                format!("`{stray}` stands beside `{step}`, not in it"),
            )
            .label(span, "a second key where there is one")
            .help(format!(
                "indent it, and what follows, by two more spaces than `{step}`"
            ))
        }
        _ => Diagnostic::error(SEVERAL_KEYS, "a map of one key has several")
            .label(span, "a second key where there is one")
            .help(if place.direct {
                format!("keep one of {}", known.join(", "))
            } else {
                "begin each with a dash of its own: `- …`".to_owned()
            }),
    }
}
