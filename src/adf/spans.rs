//! Where marks open and close around the runs of a line, so that they nest and that neighbours
//! with the same mark share it.

use super::inline::{Content, Link, Run, Style};

/// A mark around runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark<'d> {
    Link(Link<'d>),
    Strong,
    Emphasis,
    Strike,
    Underline,
    Subscript,
    Superscript,
    Code,
}

/// The marks in the order in which those of the same length open; code is innermost.
const STYLES: [(Style, Mark<'_>); 7] = [
    (Style::STRONG, Mark::Strong),
    (Style::EMPHASIS, Mark::Emphasis),
    (Style::STRIKE, Mark::Strike),
    (Style::UNDERLINE, Mark::Underline),
    (Style::SUBSCRIPT, Mark::Subscript),
    (Style::SUPERSCRIPT, Mark::Superscript),
    (Style::CODE, Mark::Code),
];

const LINK: usize = 0;
const SLOTS: usize = 8;
const CODE: usize = 7;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'d> {
    /// The mark is around the runs from here up to the run `end`.
    Open {
        mark: Mark<'d>,
        end: usize,
    },
    Close(Mark<'d>),
    Run(usize),
}

/// The steps that write the runs with their marks.
pub(super) fn plan<'d>(runs: &[Run<'d>]) -> Vec<Step<'d>> {
    let ends = ends(runs);
    let mut steps = Vec::with_capacity(runs.len());
    let mut open: Vec<(usize, Mark<'d>, usize)> = Vec::new();
    for (index, (run, ends)) in runs.iter().zip(&ends).enumerate() {
        while let Some((_, mark, end)) = open.last().copied()
            && end <= index
        {
            steps.push(Step::Close(mark));
            open.pop();
        }
        // What was closed with the mark around it opens again at words, not at white space.
        let is_blank = matches!(run.content, Content::Space(_) | Content::Break);
        let mut missing: Vec<(usize, Mark<'d>, usize)> = Vec::new();
        for (slot, end) in ends.iter().enumerate() {
            if !is_blank
                && *end > index
                && !open.iter().any(|(other, ..)| *other == slot)
                && let Some(mark) = mark(run, slot)
            {
                missing.push((slot, mark, *end));
            }
        }
        missing.sort_by_key(|(slot, _, end)| (std::cmp::Reverse(*end), *slot));
        for (slot, mark, end) in missing {
            // A mark ends where the one around it does, and opens again behind it.
            let outer = open.last().map_or(usize::MAX, |(_, _, end)| *end);
            let end = end.min(outer);
            steps.push(Step::Open { mark, end });
            open.push((slot, mark, end));
        }
        steps.push(Step::Run(index));
    }
    while let Some((_, mark, _)) = open.pop() {
        steps.push(Step::Close(mark));
    }
    steps
}

fn mark<'d>(run: &Run<'d>, slot: usize) -> Option<Mark<'d>> {
    if slot == LINK {
        return run.link.map(Mark::Link);
    }
    let (style, mark) = STYLES.get(slot - 1)?;
    run.style.has(*style).then_some(*mark)
}

/// For every run and mark, the run behind the last that has it without a gap; 0 where the run has
/// it not.
fn ends(runs: &[Run<'_>]) -> Vec<[usize; SLOTS]> {
    let mut all = vec![[0; SLOTS]; runs.len()];
    let mut after = [0; SLOTS];
    for index in (0..runs.len()).rev() {
        let Some(run) = runs.get(index) else { continue };
        let next = runs.get(index + 1);
        let is_same_link = next.is_some_and(|next| next.link == run.link);
        let mut here = [0; SLOTS];
        for (slot, (here, after)) in here.iter_mut().zip(after).enumerate() {
            if mark(run, slot).is_none() {
                continue;
            }
            // Code is innermost: it ends where a link begins or ends.
            let continues = after > 0 && (is_same_link || (slot != LINK && slot != CODE));
            *here = if continues { after } else { index + 1 };
        }
        if let Some(slots) = all.get_mut(index) {
            *slots = here;
        }
        after = here;
    }
    all
}
