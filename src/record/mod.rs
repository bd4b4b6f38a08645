//! What flows: JSON values that are cheap to clone, and the records made of them.
