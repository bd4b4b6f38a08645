//! Compiled JSONPath, conditions, templates and conversions, and the paths that they read.
