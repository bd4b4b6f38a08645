//! The steps between a source and its sinks, one file a step; synchronous and pure.
//!
//! Most steps see one record at a time ([`Step::apply`]). `aggregate` and `dedupe` must see all
//! of them first, and hold them in a [`Spill`].

mod aggregate;
mod dedupe;
mod each;
mod edit;
mod enrich;
mod expect;
mod keep;
mod map;
mod mask;
mod reduce;
mod remove;
mod rich_text;
mod spill;
mod step;

pub use aggregate::{Aggregate, Given, Groups, News, Reduced};
pub use dedupe::{Dedupe, Survivor};
pub use each::Each;
pub use enrich::{Answers, Arguments, Enrich, Looked, Question, marked};
pub use expect::{Contract, Expect};
pub use keep::{Keep, Passing};
pub use map::{Map, Set};
pub use mask::{Mask, MaskKey};
pub use reduce::Function;
pub use remove::Remove;
pub use rich_text::RichText;
pub use spill::{MemorySpill, Spill, SpillError, SpillPlace};
pub use step::{Step, StepKind};
