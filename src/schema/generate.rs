//! The schemas, as they are committed.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use serde_json::Value as Json;

use super::{one_key, tidy};
use crate::config::{Pipeline, Project};

/// The JSON Schema of `pipelines/NAME.yaml`.
///
/// # Errors
/// Where it cannot be written as JSON: a defect.
pub fn pipeline_schema() -> serde_json::Result<String> {
    text::<Pipeline>("A flowline pipeline")
}

/// The JSON Schema of `flowline.yaml`.
///
/// # Errors
/// Where it cannot be written as JSON: a defect.
pub fn project_schema() -> serde_json::Result<String> {
    text::<Project>("A flowline project")
}

/// The schema of a type as our own check takes it.
pub(super) fn own<T: JsonSchema>() -> Json {
    let mut schema = plain::<T>();
    tidy::without_compiled(&mut schema);
    schema
}

fn plain<T: JsonSchema>() -> Json {
    let mut schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    tidy::tidy(&mut schema);
    one_key::rewrite(&mut schema);
    schema
}

fn text<T: JsonSchema>(title: &str) -> serde_json::Result<String> {
    let mut schema = plain::<T>();
    tidy::without_marks(&mut schema);
    if let Some(members) = schema.as_object_mut() {
        members.insert("title".to_owned(), title.into());
    }
    serde_json::to_string_pretty(&schema).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Regenerate with `FLOWLINE_WRITE_SCHEMAS=1 cargo test schemas`.
    #[test]
    fn the_committed_schemas_are_those_of_the_types() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        for (name, schema) in [
            ("pipeline", pipeline_schema().unwrap()),
            ("project", project_schema().unwrap()),
        ] {
            let path = root.join(format!("{name}.schema.json"));
            if option_env!("FLOWLINE_WRITE_SCHEMAS").is_some() {
                std::fs::write(&path, &schema).unwrap();
            }
            let committed = std::fs::read_to_string(&path).unwrap();
            assert_eq!(committed, schema, "{name}: regenerate");
        }
    }
}
