//! JSON Schemas of the language and their errors as diagnostics.
