//! JSON Schemas of the language, generated from the configuration's types and committed under
//! `schemas/` for editors.

mod generate;
mod one_key;

pub use generate::{pipeline_schema, project_schema};
