//! The grid of a table: how wide it is, and which columns the cells above still cover.

use super::document::{Document, Key, Kind, NodeId};

/// Beyond so many columns a table is laid out without its spans, so that a few bytes of
/// `colspan` cannot ask for megabytes of empty cells.
const WIDEST_SPANNED: usize = 1000;

/// The measures of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// The columns of the widest row, those covered by spans included.
    pub(super) columns: usize,
    /// Whether the first row consists of header cells.
    pub(super) has_header: bool,
    /// Whether `colspan` and `rowspan` are followed.
    pub(super) has_spans: bool,
}

impl Shape {
    /// A table of one row.
    pub(super) fn of_row(document: &Document<'_>, row: NodeId) -> Self {
        measure_rows(document, std::iter::once(row))
    }
}

/// Measures a table; every row and cell is looked at once.
pub(super) fn measure(document: &Document<'_>, table: NodeId) -> Shape {
    measure_rows(document, document.children(table))
}

fn measure_rows(document: &Document<'_>, rows: impl Iterator<Item = NodeId>) -> Shape {
    let mut grid = Grid::default();
    let mut spanned = 0;
    let mut counted = 0;
    let mut has_header = false;
    for (index, row) in rows.enumerate() {
        let mut cells = 0;
        let mut headers = 0;
        grid.start_row();
        if document.kind(row) == Kind::TableRow {
            for cell in document.children(row) {
                cells += 1;
                headers += usize::from(document.kind(cell) == Kind::TableHeader);
                let is_cell = document.kind(cell).is_cell();
                let measure = |name| {
                    if is_cell {
                        span(document, cell, name)
                    } else {
                        1
                    }
                };
                grid.place(measure(Key::Colspan), measure(Key::Rowspan));
            }
        } else {
            cells = 1;
            grid.place(1, 1);
        }
        grid.skip_covered();
        spanned = spanned.max(grid.column);
        counted = counted.max(cells);
        if index == 0 {
            has_header = cells > 0 && headers == cells;
        }
    }
    let has_spans = spanned <= WIDEST_SPANNED;
    Shape {
        columns: if has_spans { spanned } else { counted },
        has_header,
        has_spans,
    }
}

/// A `colspan` or `rowspan`: 1 to 1000, all else is 1.
pub(super) fn span(document: &Document<'_>, cell: NodeId, name: Key) -> u16 {
    let value = document.whole(cell, name).unwrap_or(1.0);
    if !(1.0..=1000.0).contains(&value) {
        return 1;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked above"
    )]
    let span = value as u16;
    span
}

/// Where the next cell of a table stands.
#[derive(Debug, Default)]
pub(super) struct Grid {
    /// For each of the first columns, how many more rows a cell above covers.
    covered: Vec<u16>,
    /// The column of the next cell.
    pub(super) column: usize,
}

impl Grid {
    pub(super) fn start_row(&mut self) {
        // What was not passed in the row before is covered there all the same.
        self.skip_to_end();
        self.column = 0;
    }

    fn skip_to_end(&mut self) {
        let column = self.column;
        for covered in self.covered.iter_mut().skip(column) {
            *covered = covered.saturating_sub(1);
        }
        while self.covered.last() == Some(&0) {
            self.covered.pop();
        }
    }

    /// Passes the columns that cells above cover; how many.
    pub(super) fn skip_covered(&mut self) -> usize {
        let start = self.column;
        while let Some(covered) = self.covered.get_mut(self.column)
            && *covered > 0
        {
            *covered -= 1;
            self.column += 1;
        }
        self.column - start
    }

    /// Places a cell in the next free column; how many covered columns it passed.
    pub(super) fn place(&mut self, colspan: u16, rowspan: u16) -> usize {
        let passed = self.skip_covered();
        let end = self.column + usize::from(colspan);
        if rowspan > 1 && end <= WIDEST_SPANNED {
            if self.covered.len() < end {
                self.covered.resize(end, 0);
            }
            for covered in self.covered.iter_mut().take(end).skip(self.column) {
                *covered = rowspan - 1;
            }
        }
        self.column = end;
        passed
    }
}

#[cfg(test)]
mod tests {
    use super::Grid;

    #[test]
    fn cells_stand_beside_those_that_reach_down() {
        let mut grid = Grid::default();
        grid.start_row();
        assert_eq!(grid.place(2, 2), 0);
        assert_eq!(grid.place(1, 3), 0);
        grid.start_row();
        assert_eq!(grid.place(1, 1), 3);
        grid.start_row();
        assert_eq!(grid.place(1, 1), 0);
        assert_eq!(grid.place(1, 1), 0);
        assert_eq!(grid.place(1, 1), 1);
        grid.start_row();
        assert_eq!(grid.place(3, 1), 0);
        assert_eq!(grid.column, 3);
    }
}
