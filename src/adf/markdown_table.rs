//! The rows of a Markdown table.

use super::lines::{Leaf, Lines};
use super::table::{Grid, Shape};
use super::walk::Cell;

/// Up to so many columns short rows are filled up; wider ones may be short, as the format allows,
/// lest one wide row among many short ones make the output quadratic.
const WIDEST_FILLED: usize = 64;

const EMPTY_CELL: &str = "  |";

pub(super) struct Rows {
    shape: Shape,
    grid: Grid,
    /// How many rows are complete.
    count: usize,
}

impl Rows {
    /// Starts a table; none where no row has a cell. Without header cells the header row is
    /// empty, so that no row of data is taken for it.
    pub(super) fn start(lines: &mut Lines, shape: Shape) -> Option<Self> {
        if shape.columns == 0 {
            return None;
        }
        lines.start(Leaf::Lines);
        if !shape.has_header {
            lines.out.push('|');
            for _ in 0..shape.columns {
                lines.out.push_str(EMPTY_CELL);
            }
            delimiters(lines, shape.columns);
        }
        Some(Self {
            shape,
            grid: Grid::default(),
            count: 0,
        })
    }

    pub(super) fn open_row(&mut self, lines: &mut Lines) {
        if self.count > 0 || !self.shape.has_header {
            lines.line();
        }
        lines.out.push('|');
        self.grid.start_row();
    }

    pub(super) fn close_row(&mut self, lines: &mut Lines) {
        let mut missing = self.grid.skip_covered();
        let is_header = self.count == 0 && self.shape.has_header;
        if is_header || self.shape.columns <= WIDEST_FILLED {
            missing += self.shape.columns.saturating_sub(self.grid.column);
        }
        for _ in 0..missing {
            lines.out.push_str(EMPTY_CELL);
        }
        if is_header {
            delimiters(lines, self.shape.columns);
        }
        self.count += 1;
    }

    pub(super) fn open_cell(&mut self, lines: &mut Lines, cell: Cell) {
        let (colspan, rowspan) = self.spans(cell);
        for _ in 0..self.grid.place(colspan, rowspan) {
            lines.out.push_str(EMPTY_CELL);
        }
        lines.out.push(' ');
    }

    pub(super) fn close_cell(&mut self, lines: &mut Lines, cell: Cell) {
        lines.out.push_str(" |");
        for _ in 1..self.spans(cell).0 {
            lines.out.push_str(EMPTY_CELL);
        }
    }

    fn spans(&self, cell: Cell) -> (u16, u16) {
        if self.shape.has_spans {
            (cell.colspan, cell.rowspan)
        } else {
            (1, 1)
        }
    }
}

fn delimiters(lines: &mut Lines, columns: usize) {
    lines.line();
    lines.out.push('|');
    for _ in 0..columns {
        lines.out.push_str("---|");
    }
}
