//! JSON Schemas of what serde cannot describe: values, paths, conditions, words with a grammar.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::transform::AdfToTextOptions;

/// The language's version.
pub(super) fn version(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "description": "The version of the language: 1.", "examples": [1] })
}

/// A map whose members are checked once it is laid over another.
pub(super) fn map(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

/// `every N UNIT` or a cron expression.
pub(super) fn schedule(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "description": "When `serve` runs it: `every 5 minutes`, or `{ cron: \"M H D M W\", timezone: IANA }`.",
        "type": ["string", "object"],
        "properties": { "cron": { "type": "string" }, "timezone": { "type": "string" } },
        "required": ["cron"],
        "additionalProperties": false,
    })
}

/// A share in percent.
pub(super) fn share(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "description": "A share: `20%`.", "examples": ["20%"] })
}

/// Marks what is checked where it is compiled, with better words than a schema has.
const COMPILED: &str = "x-compiled";

/// A query of Jira.
pub(super) fn query(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "description": "JQL without `ORDER BY`.", COMPILED: true })
}

/// A JSONPath over the record.
pub(super) fn path(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "description": "A JSONPath: `$.key`.", COMPILED: true })
}

/// JSONPaths over the record.
pub(super) fn paths(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": path(generator) })
}

/// A condition over the record; `$` is the record.
pub(super) fn condition(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "description": "A condition: an RFC 9535 filter expression in which `$` is the record.",
        COMPILED: true,
    })
}

/// A JSON Schema, or the two trivial ones.
pub(super) fn json_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["object", "boolean"], "description": "A JSON Schema (2020-12).", COMPILED: true })
}

/// A value.
pub(super) fn value(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Value>()
}

/// Names and values.
pub(super) fn values(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": value(generator) })
}

/// One name and a path.
pub(super) fn each(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "additionalProperties": path(generator),
        "minProperties": 1,
        "maxProperties": 1,
    })
}

/// Lists of contacts: entries, or a value that gives them.
pub(super) fn lists(generator: &mut SchemaGenerator) -> Schema {
    value(generator)
}

/// A name or an id.
pub(super) fn name_or_id(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "integer"] })
}

/// What becomes of a record whose look-up finds nothing.
pub(super) fn on_miss(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": [null, "dead_letter"] })
}

/// A list of paths, or the long form.
pub(super) fn adf_to_text(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = AdfToTextOptions::json_schema(generator);
    schema.insert("type".to_owned(), serde_json::json!(["array", "object"]));
    schema.insert("items".to_owned(), path(generator).into());
    schema
}

/// A reference to a secret.
pub(super) fn secret() -> Schema {
    json_schema!({
        "type": "string",
        "description": "A secret: exactly `${NAME}`, `${secret:NAME}` or `${file:PATH}`.",
    })
}

/// A value as the language writes it.
pub(super) struct Value;

impl JsonSchema for Value {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<Self>();
        json_schema!({
            "description": "A literal, a path (`$.key`), a template (`'{{key}}'`), a list or map of values, or one of them spelled out with options.",
            "if": {
                "type": "object",
                "anyOf": [
                    { "required": ["path"] },
                    { "required": ["template"] },
                    { "required": ["value"] },
                    { "required": ["first"] },
                ],
            },
            "then": {
                "properties": {
                    "path": { "type": "string", "description": "A JSONPath over the record." },
                    "template": { "type": "string", "description": "A Handlebars template." },
                    "value": { "description": "A literal, at any depth." },
                    "first": {
                        "type": "array",
                        "items": value,
                        "description": "The first of these that is not missing.",
                    },
                    "lookup": { "type": "object", "description": "What becomes of which text." },
                    "as": {
                        "description": "What it is converted to.",
                        "enum": [
                            "string", "integer", "number", "boolean", "date", "datetime",
                            "epoch_ms", "hours", "text", "markdown", "html", "json", "lower",
                            "upper", "list",
                        ],
                    },
                    "default": { "description": "For what is missing: a literal of the final type." },
                    "max_length": {
                        "type": "integer",
                        "minimum": 0,
                        "description": "Cut after so many Unicode scalar values.",
                    },
                    "required": {
                        "type": "boolean",
                        "description": "True: missing is an error of the record.",
                    },
                    "if_missing": {
                        "description": "What becomes of the field where the value is missing.",
                        "enum": ["keep", "clear"],
                    },
                },
                "additionalProperties": false,
            },
            "else": {
                "items": value,
                "additionalProperties": value,
            },
        })
    }
}
