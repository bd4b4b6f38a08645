//! The steps between a source and its sinks, one file a step; synchronous and pure.
