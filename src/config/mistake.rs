//! What a form check finds, and the tree without it: one mistake must not hide the next.

use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::syntax::{Entry, Kind, Node};

/// Which file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// `flowline.yaml`.
    Project,
    /// `pipelines/NAME.yaml`.
    Pipeline,
}

/// A mistake of form and the part of the tree that has it.
#[derive(Clone, Debug)]
pub struct Mistake {
    /// What is told.
    pub diagnostic: Diagnostic,
    /// The keys and indexes that lead to it.
    pub path: Vec<Arc<str>>,
    /// The rest is right without it: an unknown key of a map of options.
    pub removable: bool,
}

/// Checks the form of a file's tree.
pub type FormCheck<'c> = &'c dyn Fn(Document, &Arc<Node>) -> Vec<Mistake>;

/// The lists whose elements are left out whole.
const STEPS: [&str; 3] = ["sources", "transforms", "sinks"];

/// The tree without the parts that have mistakes: the wrong key alone where the rest is right
/// without it, else the whole step, connection or top-level member.
pub(super) fn without(root: &Arc<Node>, mistakes: &[Mistake]) -> Option<Arc<Node>> {
    let mut broken: Vec<Vec<Arc<str>>> = mistakes
        .iter()
        .map(|mistake| {
            let path = &mistake.path;
            if mistake.removable {
                return path.clone();
            }
            let end = match path.first().map(|first| &**first) {
                Some(first) if STEPS.contains(&first) || first == "connections" => 2,
                _ => 1,
            };
            path.get(..end.min(path.len())).unwrap_or_default().to_vec()
        })
        .collect();
    broken.sort_unstable();
    broken.dedup();
    if broken.first().is_some_and(Vec::is_empty) {
        return None;
    }
    Some(pruned(root, &broken, 0))
}

/// `broken` are the paths that begin with the one to this node, which is `depth` long.
fn pruned(node: &Arc<Node>, broken: &[Vec<Arc<str>>], depth: usize) -> Arc<Node> {
    if broken.is_empty() {
        return Arc::clone(node);
    }
    let child = |name: &str, value: &Arc<Node>| {
        let below: Vec<Vec<Arc<str>>> = broken
            .iter()
            .filter(|path| path.get(depth).is_some_and(|step| &**step == name))
            .cloned()
            .collect();
        let gone = below.iter().any(|path| path.len() == depth + 1);
        (!gone).then(|| pruned(value, &below, depth + 1))
    };
    let kind = match &node.kind {
        Kind::Scalar(_) => return Arc::clone(node),
        Kind::List(elements) => Kind::List(
            elements
                .iter()
                .enumerate()
                .filter_map(|(index, element)| child(&index.to_string(), element))
                .collect(),
        ),
        Kind::Map(entries) => Kind::Map(
            entries
                .iter()
                .filter_map(|entry| {
                    child(&entry.key.value, &entry.value).map(|value| Entry {
                        key: entry.key.clone(),
                        value,
                    })
                })
                .collect(),
        ),
    };
    Arc::new(Node {
        span: node.span,
        kind,
    })
}
