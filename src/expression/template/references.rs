//! What a template reads of the record.

use std::ops::Range;

use super::helper::Helper;
use super::name::as_index;
use super::tree::{Argument, ArgumentKind, Block, BlockKind, Name, Node, Origin};
use crate::expression::{Reference, Step, StepKind, Usage};
use crate::record::Value;

/// Of how many places a context may be one before they are all read whole.
const MOST_PLACES: usize = 8;

/// Where in the record a value may come from; none for a literal and where all of it is read.
type Places = Vec<Vec<Step>>;

/// The references in the order of the text.
pub(super) fn collect(nodes: &[Node]) -> Vec<Reference> {
    let mut collector = Collector {
        contexts: Vec::new(),
        references: Vec::new(),
    };
    collector.nodes(nodes);
    collector.references
}

struct Collector {
    contexts: Vec<Places>,
    references: Vec<Reference>,
}

impl Collector {
    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Print(argument) | Node::Escaped(argument, _) => {
                    self.argument(argument, Some(Usage::Scalar));
                }
                Node::Block(block) => self.block(block),
                Node::Text(_) | Node::Comment => {}
            }
        }
    }

    fn block(&mut self, block: &Block) {
        let context = match block.kind {
            // What counts as true depends on what is inside: an empty list or object is false.
            BlockKind::If | BlockKind::Unless => {
                self.argument(&block.subject, Some(Usage::Taken));
                None
            }
            BlockKind::With => Some(self.argument(&block.subject, Some(Usage::Tested))),
            BlockKind::Each => {
                let mut places = self.argument(&block.subject, None);
                for place in &mut places {
                    place.push(Step {
                        kind: StepKind::Each,
                        range: block.subject.range.clone(),
                    });
                    self.references.push(Reference {
                        steps: place.clone(),
                        usage: Usage::Tested,
                        range: block.subject.range.clone(),
                    });
                }
                Some(places)
            }
        };
        match context {
            Some(places) => {
                let places = self.bounded(places, &block.subject.range);
                self.contexts.push(places);
                self.nodes(&block.body);
                self.contexts.pop();
            }
            None => self.nodes(&block.body),
        }
        self.nodes(&block.inverse);
    }

    fn bounded(&mut self, places: Places, range: &Range<usize>) -> Places {
        if places.len() <= MOST_PLACES {
            return places;
        }
        for steps in places {
            self.references.push(Reference {
                steps,
                usage: Usage::Taken,
                range: range.clone(),
            });
        }
        Vec::new()
    }

    /// Notes what an argument reads, and says where its value may come from. Without a usage the
    /// value itself is noted by the caller.
    fn argument(&mut self, argument: &Argument, usage: Option<Usage>) -> Places {
        match &argument.kind {
            ArgumentKind::Literal(_) => Vec::new(),
            ArgumentKind::Name(name) => {
                let places = self.places(name);
                self.note(&places, usage, &argument.range);
                places
            }
            ArgumentKind::Call(helper, arguments) => {
                self.call(*helper, arguments, usage, &argument.range)
            }
        }
    }

    fn note(&mut self, places: &Places, usage: Option<Usage>, range: &Range<usize>) {
        let Some(usage) = usage else { return };
        self.references.extend(places.iter().map(|steps| Reference {
            steps: steps.clone(),
            usage,
            range: range.clone(),
        }));
    }

    fn places(&self, name: &Name) -> Places {
        let steps = name.steps.iter().map(|step| match &step.kind {
            StepKind::Name(text) => Step {
                kind: step_of(text),
                range: step.range.clone(),
            },
            _ => step.clone(),
        });
        match name.origin {
            Origin::Root => vec![steps.collect()],
            Origin::Context(up) => self
                .contexts
                .iter()
                .rev()
                .nth(up)
                .into_iter()
                .flatten()
                .map(|base| base.iter().cloned().chain(steps.clone()).collect())
                .collect(),
            Origin::Index(_) | Origin::Key(_) | Origin::First(_) | Origin::Last(_) => Vec::new(),
        }
    }

    fn call(
        &mut self,
        helper: Helper,
        arguments: &[Argument],
        usage: Option<Usage>,
        range: &Range<usize>,
    ) -> Places {
        match helper {
            Helper::First => {
                let mut places = Vec::new();
                for argument in arguments {
                    // Each but the last is also asked whether it is there: so reads its usage.
                    places.extend(self.argument(argument, usage));
                }
                return self.bounded(places, range);
            }
            Helper::Lookup => return self.lookup(arguments, usage, range),
            Helper::Eq | Helper::Ne => {
                let literal = arguments
                    .iter()
                    .any(|one| matches!(one.kind, ArgumentKind::Literal(_)));
                let usage = if literal { Usage::Scalar } else { Usage::Taken };
                self.all(arguments, usage);
            }
            Helper::Or | Helper::And | Helper::Not | Helper::Json => {
                self.all(arguments, Usage::Taken);
            }
            Helper::Join => {
                if let Some((list, separator)) = arguments.split_first() {
                    self.argument(list, Some(Usage::Taken));
                    self.all(separator, Usage::Scalar);
                }
            }
            _ => self.all(arguments, Usage::Scalar),
        }
        Vec::new()
    }

    fn all(&mut self, arguments: &[Argument], usage: Usage) {
        for argument in arguments {
            self.argument(argument, Some(usage));
        }
    }

    fn lookup(
        &mut self,
        arguments: &[Argument],
        usage: Option<Usage>,
        range: &Range<usize>,
    ) -> Places {
        let [base, key] = arguments else {
            return Vec::new();
        };
        let step = match &key.kind {
            // What stands for `${…}` is not known yet.
            ArgumentKind::Literal(Value::String(text)) if !text.contains("${") => {
                Some(step_of(text))
            }
            ArgumentKind::Literal(Value::Number(number)) => Some(step_of(&number.to_string())),
            _ => None,
        };
        let Some(kind) = step else {
            self.argument(base, Some(Usage::Taken));
            self.argument(key, Some(Usage::Scalar));
            return Vec::new();
        };
        let mut places = self.argument(base, None);
        for place in &mut places {
            place.push(Step {
                kind: kind.clone(),
                range: key.range.clone(),
            });
        }
        self.note(&places, usage, range);
        places
    }
}

/// Digits are an index: records name no member so.
fn step_of(name: &str) -> StepKind {
    as_index(name)
        .and_then(|index| i64::try_from(index).ok())
        .map_or_else(|| StepKind::Name(name.into()), StepKind::Index)
}
