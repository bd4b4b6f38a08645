//! Checking a tree against the schema of its file.

use std::sync::{Arc, LazyLock};

use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind;
use serde_json::{Map, Number as JsonNumber, Value as Json};

use super::generate::own;
use super::words::{self, Place};
use crate::config::{Document, Mistake, Pipeline, Project};
use crate::record::Number;
use crate::syntax::{Kind, Node, Scalar, ScalarValue};

/// A schema and what checks by it; none where the schema cannot be built, which a test refuses.
struct Form {
    schema: Json,
    validator: Option<Validator>,
}

impl Form {
    fn new(schema: Json) -> Self {
        let validator = jsonschema::validator_for(&schema).ok();
        Self { schema, validator }
    }
}

static PROJECT: LazyLock<Form> = LazyLock::new(|| Form::new(own::<Project>()));
static PIPELINE: LazyLock<Form> = LazyLock::new(|| Form::new(own::<Pipeline>()));

/// Each mistake of form of a file's tree, once.
#[must_use]
pub fn check(document: Document, root: &Arc<Node>) -> Vec<Mistake> {
    let form = match document {
        Document::Project => &*PROJECT,
        Document::Pipeline => &*PIPELINE,
    };
    let Some(validator) = &form.validator else {
        return Vec::new();
    };
    let instance = json(root);
    if validator.is_valid(&instance) {
        return Vec::new();
    }
    let mut mistakes: Vec<Mistake> = Vec::new();
    // A map of several keys where one is expected hides what its keys would be blamed for.
    let mut shadows: Vec<Vec<Arc<str>>> = Vec::new();
    let mut lacks_sinks = false;
    let mut misspelt: Vec<(Vec<Arc<str>>, Arc<str>)> = Vec::new();
    for error in validator.iter_errors(&instance) {
        let path = segments(error.instance_path().as_str());
        let place = Place::find(root, &path);
        if place.is_open(error.kind()) {
            continue;
        }
        let owner = form
            .schema
            .pointer(parent(error.schema_path().as_str()))
            .unwrap_or(&Json::Null);
        if matches!(error.kind(), ValidationErrorKind::MaxProperties { .. }) {
            shadows.push(path.clone());
        }
        // A misspelt key is not told a second time as one that is missing.
        if let Some(key) = words::misspelt(error.kind(), &place, owner) {
            misspelt.push((path, key));
            continue;
        }
        if path.is_empty() && words::lacks_sinks(error.kind(), root) {
            lacks_sinks = true;
            continue;
        }
        mistakes.extend(words::mistakes(error.kind(), &place, owner, &path));
    }
    for mistake in &mut mistakes {
        let of_key = misspelt
            .iter()
            .any(|(path, key)| matches!(mistake.path.split_last(), Some((last, above)) if last == key && above == path));
        if of_key && mistake.removable {
            // Without it the map lacks what it needs.
            mistake.removable = false;
            mistake.path.pop();
        }
    }
    mistakes.retain(|mistake| {
        !shadows.iter().any(|shadow| {
            let below = mistake.path.starts_with(shadow);
            below && !(mistake.path == *shadow && words::is_several(&mistake.diagnostic))
        })
    });
    mistakes.sort_by_key(|mistake| {
        mistake
            .diagnostic
            .labels
            .first()
            .map_or(0, |label| label.span.start)
    });
    // What is of the wrong type is none of the words either.
    let typed: Vec<Vec<Arc<str>>> = mistakes
        .iter()
        .filter(|mistake| words::is_of_type(&mistake.diagnostic))
        .map(|mistake| mistake.path.clone())
        .collect();
    mistakes.retain(|mistake| {
        !words::is_of_words(&mistake.diagnostic) || !typed.contains(&mistake.path)
    });
    if lacks_sinks {
        let mut told = false;
        mistakes.retain(|mistake| {
            !words::is_sink_among_transforms(&mistake.diagnostic)
                || !std::mem::replace(&mut told, true)
        });
    }
    mistakes
}

/// The steps of a JSON pointer.
fn segments(pointer: &str) -> Vec<Arc<str>> {
    pointer
        .split('/')
        .skip(1)
        .map(|step| step.replace("~1", "/").replace("~0", "~").into())
        .collect()
}

/// The pointer to what the keyword of a pointer belongs to.
fn parent(pointer: &str) -> &str {
    pointer.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn json(node: &Node) -> Json {
    match &node.kind {
        Kind::Scalar(scalar) => scalar_json(scalar),
        Kind::List(elements) => Json::Array(elements.iter().map(|one| json(one)).collect()),
        Kind::Map(entries) => Json::Object(
            entries
                .iter()
                .map(|entry| (entry.key.value.to_string(), json(&entry.value)))
                .collect::<Map<_, _>>(),
        ),
    }
}

fn scalar_json(scalar: &Scalar) -> Json {
    match scalar.value {
        ScalarValue::Null => Json::Null,
        ScalarValue::Bool(value) => Json::Bool(value),
        ScalarValue::Number(Number::Signed(value)) => value.into(),
        ScalarValue::Number(Number::Unsigned(value)) => value.into(),
        ScalarValue::Number(Number::Double(value)) => {
            JsonNumber::from_f64(value).map_or(Json::Null, Json::Number)
        }
        ScalarValue::Text => Json::String(scalar.text.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use crate::syntax::parse;

    fn codes(document: Document, text: &str) -> Vec<(&'static str, String)> {
        let source = Source::new("a.yaml", text);
        let (root, _) = parse(&source);
        check(document, &root.unwrap())
            .into_iter()
            .map(|mistake| {
                let label = mistake.diagnostic.labels.first().unwrap().span;
                (
                    mistake.diagnostic.code.as_str(),
                    source.slice(label).to_owned(),
                )
            })
            .collect()
    }

    #[test]
    fn both_schemas_can_be_built() {
        assert!(PROJECT.validator.is_some());
        assert!(PIPELINE.validator.is_some());
    }

    #[test]
    fn the_variant_is_chosen_by_its_key_and_each_mistake_is_told_once() {
        let text = "sources:\n  - jira.issue: { jql: a }\n  - jira.issues: { jqll: a, live: maybe }\nsinks:\n  - brevo.events:\n      properties: { a: 1 }\nsink: 1\n";
        assert_eq!(
            codes(Document::Pipeline, text),
            [
                ("form.unknown_step", "jira.issue".to_owned()),
                ("form.unknown_key", "jqll".to_owned()),
                ("form.wrong_type", "maybe".to_owned()),
                ("form.missing_key", "brevo.events".to_owned()),
                ("form.missing_key", "brevo.events".to_owned()),
                ("form.unknown_key", "sink".to_owned()),
            ]
        );
    }

    #[test]
    fn a_step_whose_options_are_not_indented_is_one_mistake() {
        let text = "sources:\n  - jira.issues:\n    jql: a\n    live: true\nsinks: []\n";
        assert_eq!(
            codes(Document::Pipeline, text),
            [("form.several_keys", "jql".to_owned())]
        );
    }
}
