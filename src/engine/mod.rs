//! The run: pulls pages, applies transforms, folds operations, delivers, commits; never prints.
