//! JSON Schemas of the language, generated from the configuration's types and committed under
//! `schemas/` for editors.

mod check;
mod generate;
mod one_key;
mod tidy;
mod words;

pub use check::check;
pub use generate::{pipeline_schema, project_schema};
