//! A project and its pipelines as written, every leaf with its span; reads no files and no environment.
