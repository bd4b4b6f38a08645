//! The walk over a document: one order and one idea of its blocks for all three formats.
//!
//! Whatever stands where it may not is put where it can be shown: inline nodes among blocks
//! become a paragraph, stray cells get a row, what is no item of a list becomes one.

use super::document::{Document, Key, Kind, NodeId};
use super::inline::{Run, Runs, Style, fallback};
use super::table::{self, Shape};

/// A block that holds blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block<'d> {
    Bullets,
    Numbers { start: u64 },
    Tasks,
    Decisions,
    Item(Item),
    Quote,
    Panel(PanelKind),
    Expand { title: Option<&'d str> },
    Table(Shape),
    Row,
    Cell(Cell),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Bullet,
    Number(u64),
    Task { done: bool },
    Decision,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) is_header: bool,
    pub(super) colspan: u16,
    pub(super) rowspan: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PanelKind {
    Note,
    Tip,
    Warning,
    Error,
}

/// What writes one of the formats.
pub(super) trait Writer<'d> {
    fn open(&mut self, block: Block<'d>);
    fn close(&mut self, block: Block<'d>);
    fn paragraph(&mut self, runs: &[Run<'d>]);
    /// `level` is 1 to 6.
    fn heading(&mut self, level: u8, runs: &[Run<'d>]);
    /// `text` is not empty.
    fn code(&mut self, language: Option<&'d str>, text: &str);
    fn rule(&mut self);
}

/// What the inline nodes of a container become.
#[derive(Clone, Copy)]
enum Leaf {
    Paragraph,
    Heading(u8),
}

enum Step<'d> {
    /// Blocks from this node on. Where inline nodes belong, an unknown node is inline too.
    Blocks {
        next: Option<NodeId>,
        leaf: Leaf,
        holds_inlines: bool,
    },
    /// The items of a list from this node on; the item before it may still be open.
    Items {
        next: Option<NodeId>,
        list: Block<'d>,
        number: u64,
        open: Option<Item>,
    },
    Rows(Option<NodeId>),
    Cells(Option<NodeId>),
    Rule,
    Close(Block<'d>),
}

/// Walks the document from its root; the number of steps it took.
pub(super) fn walk<'d>(document: &'d Document<'_>, writer: &mut impl Writer<'d>) -> u64 {
    let mut walk = Walk {
        document,
        writer,
        steps: Vec::new(),
        lead: None,
    };
    walk.blocks(Document::ROOT, Leaf::Paragraph, false);
    let mut count = 0;
    while let Some(step) = walk.steps.pop() {
        walk.step(step);
        count += 1;
    }
    count
}

struct Walk<'w, 'd, 'a, W> {
    document: &'d Document<'a>,
    writer: &'w mut W,
    steps: Vec<Step<'d>>,
    /// The icon of a panel, which stands before its first words.
    lead: Option<&'d str>,
}

impl<'d, W: Writer<'d>> Walk<'_, 'd, '_, W> {
    fn step(&mut self, step: Step<'d>) {
        match step {
            Step::Blocks {
                next,
                leaf,
                holds_inlines,
            } => {
                if let Some(id) = next {
                    self.block_or_line(id, leaf, holds_inlines);
                }
            }
            Step::Items {
                next,
                list,
                number,
                open,
            } => self.item(next, list, number, open),
            Step::Rows(next) => {
                if let Some(id) = next {
                    self.row(id);
                }
            }
            Step::Cells(next) => {
                if let Some(id) = next {
                    self.cell(id);
                }
            }
            Step::Rule => self.rule(),
            Step::Close(block) => self.close(block),
        }
    }

    fn blocks(&mut self, parent: NodeId, leaf: Leaf, holds_inlines: bool) {
        let next = self.document.first_child(parent);
        self.steps.push(Step::Blocks {
            next,
            leaf,
            holds_inlines,
        });
    }

    fn is_inline(&self, id: NodeId, holds_inlines: bool) -> bool {
        let kind = self.document.kind(id);
        kind.is_inline()
            || (kind == Kind::Unknown
                && holds_inlines
                && self.document.node(id).is_some_and(|node| !node.holds_block))
    }

    /// A run of inline siblings as one line, or one block.
    fn block_or_line(&mut self, id: NodeId, leaf: Leaf, holds_inlines: bool) {
        if !self.is_inline(id, holds_inlines) {
            self.steps.push(Step::Blocks {
                next: self.document.next(id),
                leaf,
                holds_inlines,
            });
            self.enter(id);
            return;
        }
        let next = self.line(id, leaf, holds_inlines);
        self.steps.push(Step::Blocks {
            next,
            leaf,
            holds_inlines,
        });
    }

    /// Writes the inline siblings from `first` on; the first that is none.
    fn line(&mut self, first: NodeId, leaf: Leaf, holds_inlines: bool) -> Option<NodeId> {
        let mut runs = Runs::new();
        let mut next = Some(first);
        while let Some(id) = next
            && self.is_inline(id, holds_inlines)
        {
            runs.node(self.document, id);
            next = self.document.next(id);
        }
        self.leaf(runs, leaf);
        next
    }

    fn leaf(&mut self, runs: Runs<'d>, leaf: Leaf) {
        let Some(mut runs) = runs.finish() else {
            return;
        };
        if let Some(icon) = self.lead.take() {
            let mut led = Runs::new();
            led.styled(icon, Style::default());
            led.styled(" ", Style::default());
            if let Some(mut led) = led.finish() {
                led.append(&mut runs);
                runs = led;
            }
        }
        match leaf {
            Leaf::Paragraph => self.writer.paragraph(&runs),
            Leaf::Heading(level) => self.writer.heading(level, &runs),
        }
    }

    /// A panel's icon that no words followed becomes a paragraph.
    fn settle_lead(&mut self) {
        if let Some(icon) = self.lead.take() {
            let mut runs = Runs::new();
            runs.styled(icon, Style::default());
            self.leaf(runs, Leaf::Paragraph);
        }
    }

    fn open(&mut self, block: Block<'d>) {
        self.settle_lead();
        self.writer.open(block);
    }

    fn close(&mut self, block: Block<'d>) {
        self.settle_lead();
        self.writer.close(block);
    }

    fn rule(&mut self) {
        self.settle_lead();
        self.writer.rule();
    }

    /// Opens a block and leaves its closing to the steps.
    fn open_until(&mut self, block: Block<'d>) {
        self.open(block);
        self.steps.push(Step::Close(block));
    }

    /// One block node.
    fn enter(&mut self, id: NodeId) {
        let kind = self.document.kind(id);
        match kind {
            Kind::Paragraph | Kind::Caption => self.blocks(id, Leaf::Paragraph, true),
            Kind::Heading => {
                let level = self.document.whole(id, Key::Level).unwrap_or(1.0);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "clamped to 1 to 6"
                )]
                let level = level.clamp(1.0, 6.0) as u8;
                self.blocks(id, Leaf::Heading(level), true);
            }
            Kind::BulletList | Kind::OrderedList | Kind::TaskList | Kind::DecisionList => {
                self.list(id, kind);
            }
            Kind::ListItem | Kind::TaskItem | Kind::DecisionItem => self.stray_item(id, kind),
            Kind::CodeBlock => self.code(id),
            Kind::Blockquote => {
                self.open_until(Block::Quote);
                self.blocks(id, Leaf::Paragraph, false);
            }
            Kind::Rule => self.rule(),
            Kind::BodiedRule => {
                self.rule();
                self.steps.push(Step::Rule);
                self.blocks(id, Leaf::Paragraph, false);
            }
            Kind::Panel => self.panel(id),
            Kind::Expand => {
                let title = self.document.string(id, Key::Title).map(str::trim);
                let title = title.filter(|title| !title.is_empty());
                self.open_until(Block::Expand { title });
                self.blocks(id, Leaf::Paragraph, false);
            }
            Kind::Table if self.document.first_child(id).is_none() => {}
            Kind::Table => {
                self.open_until(Block::Table(table::measure(self.document, id)));
                self.steps.push(Step::Rows(self.document.first_child(id)));
            }
            Kind::TableRow => {
                self.open_until(Block::Table(Shape::of_row(self.document, id)));
                self.enter_row(id);
            }
            Kind::MediaSingle | Kind::MediaGroup => self.media(id, kind),
            Kind::Media
            | Kind::BlockCard
            | Kind::Extension
            | Kind::SyncBlock
            | Kind::ApplicationCard => {
                let mut runs = Runs::new();
                runs.node(self.document, id);
                self.leaf(runs, Leaf::Paragraph);
            }
            Kind::Unknown => self.unknown(id),
            _ => self.blocks(id, Leaf::Paragraph, false),
        }
    }

    /// An unknown block: its text, else its children, else what an attribute says.
    fn unknown(&mut self, id: NodeId) {
        let text = self.document.node(id).map_or("", |node| &*node.text);
        let has_children = self.document.first_child(id).is_some();
        if !text.is_empty() || !has_children {
            let mut runs = Runs::new();
            runs.own(self.document, id);
            if text.is_empty() {
                runs.styled(fallback(self.document, id).unwrap_or(""), Style::default());
            }
            self.leaf(runs, Leaf::Paragraph);
        }
        self.blocks(id, Leaf::Paragraph, false);
    }

    fn code(&mut self, id: NodeId) {
        self.settle_lead();
        let mut text = String::new();
        let mut pending: Vec<NodeId> = self.document.first_child(id).into_iter().collect();
        while let Some(id) = pending.pop() {
            pending.extend(self.document.next(id));
            pending.extend(self.document.first_child(id));
            if let Some(node) = self.document.node(id) {
                text.push_str(&node.text);
            }
            if self.document.kind(id) == Kind::HardBreak {
                text.push('\n');
            }
        }
        if !text.is_empty() {
            let language = self.document.string(id, Key::Language);
            self.writer.code(language, &text);
        }
    }

    fn panel(&mut self, id: NodeId) {
        let kind = match self.document.string(id, Key::PanelType) {
            Some("tip" | "success") => PanelKind::Tip,
            Some("warning") => PanelKind::Warning,
            Some("error") => PanelKind::Error,
            _ => PanelKind::Note,
        };
        self.open_until(Block::Panel(kind));
        self.lead = self.document.string(id, Key::PanelIconText);
        self.blocks(id, Leaf::Paragraph, false);
    }

    /// Media, one a line, and the caption on the line below.
    fn media(&mut self, id: NodeId, kind: Kind) {
        let document = self.document;
        let mut runs = Runs::new();
        for child in document.children(id) {
            runs.line_break();
            if document.kind(child) == Kind::Media {
                runs.media(document, child, kind == Kind::MediaSingle);
            } else {
                runs.node(document, child);
            }
        }
        self.leaf(runs, Leaf::Paragraph);
    }

    fn list(&mut self, id: NodeId, kind: Kind) {
        let next = self.document.first_child(id);
        if next.is_none() {
            return;
        }
        let start = self.start_of(id);
        let list = match kind {
            Kind::OrderedList => Block::Numbers { start },
            Kind::TaskList => Block::Tasks,
            Kind::DecisionList => Block::Decisions,
            _ => Block::Bullets,
        };
        self.open_until(list);
        self.steps.push(Step::Items {
            next,
            list,
            number: start,
            open: None,
        });
    }

    /// The number of a list's first item: 0 is one, what is none is 1.
    fn start_of(&self, id: NodeId) -> u64 {
        let order = self.document.whole(id, Key::Order).unwrap_or(1.0);
        if order < 0.0 {
            return 1;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and clamped"
        )]
        let start = order.min(9_007_199_254_740_991.0) as u64;
        start
    }

    /// An item without its list gets one.
    fn stray_item(&mut self, id: NodeId, kind: Kind) {
        let list = match kind {
            Kind::TaskItem => Block::Tasks,
            Kind::DecisionItem => Block::Decisions,
            _ => Block::Bullets,
        };
        self.open_until(list);
        let item = self.kind_of_item(id, list, 1);
        self.open_until(Block::Item(item));
        self.blocks(id, Leaf::Paragraph, kind != Kind::ListItem);
    }

    fn kind_of_item(&self, id: NodeId, list: Block<'d>, number: u64) -> Item {
        match (self.document.kind(id), list) {
            (Kind::TaskItem, _) => Item::Task {
                done: self.document.string(id, Key::State) == Some("DONE"),
            },
            (Kind::DecisionItem, _) => Item::Decision,
            (_, Block::Numbers { .. }) => Item::Number(number),
            _ => Item::Bullet,
        }
    }

    fn item(&mut self, next: Option<NodeId>, list: Block<'d>, number: u64, open: Option<Item>) {
        let Some(id) = next else {
            if let Some(item) = open {
                self.close(Block::Item(item));
            }
            return;
        };
        let kind = self.document.kind(id);
        let continues = kind.is_list() && open.is_some();
        let (item, number) = match open {
            // A list among items, as nested task lists are, belongs to the item before it.
            Some(item) if continues => (item, number),
            _ => {
                if let Some(item) = open {
                    self.close(Block::Item(item));
                }
                let item = self.kind_of_item(id, list, number);
                self.open(Block::Item(item));
                (item, number.saturating_add(1))
            }
        };
        let is_line = self.is_inline(id, true);
        let next = if is_line {
            self.line(id, Leaf::Paragraph, true)
        } else {
            self.document.next(id)
        };
        self.steps.push(Step::Items {
            next,
            list,
            number,
            open: Some(item),
        });
        if kind.is_item() {
            self.blocks(id, Leaf::Paragraph, kind != Kind::ListItem);
        } else if !is_line {
            self.enter(id);
        }
    }

    fn row(&mut self, id: NodeId) {
        if self.document.kind(id) == Kind::TableRow {
            self.steps.push(Step::Rows(self.document.next(id)));
            self.enter_row(id);
        } else {
            // What is no row is a row of one cell.
            self.open(Block::Row);
            let next = self.after_cell(id);
            self.steps.push(Step::Rows(next));
            self.steps.push(Step::Close(Block::Row));
            self.enter_cell(id);
        }
    }

    fn cell(&mut self, id: NodeId) {
        self.steps.push(Step::Cells(self.after_cell(id)));
        self.enter_cell(id);
    }

    /// The sibling after a cell, or after the inline siblings that make one.
    fn after_cell(&self, id: NodeId) -> Option<NodeId> {
        let mut next = self.document.next(id);
        while let Some(after) = next
            && self.is_inline(id, true)
            && self.is_inline(after, true)
        {
            next = self.document.next(after);
        }
        next
    }

    /// A cell, or what stands in a cell's place.
    fn enter_cell(&mut self, id: NodeId) {
        let document = self.document;
        let kind = document.kind(id);
        let is_cell = kind.is_cell();
        let cell = Block::Cell(Cell {
            is_header: kind == Kind::TableHeader,
            colspan: if is_cell {
                table::span(document, id, Key::Colspan)
            } else {
                1
            },
            rowspan: if is_cell {
                table::span(document, id, Key::Rowspan)
            } else {
                1
            },
        });
        self.open_until(cell);
        if is_cell {
            self.blocks(id, Leaf::Paragraph, false);
        } else if self.is_inline(id, true) {
            self.line(id, Leaf::Paragraph, true);
        } else {
            self.enter(id);
        }
    }

    fn enter_row(&mut self, id: NodeId) {
        self.open_until(Block::Row);
        self.steps.push(Step::Cells(self.document.first_child(id)));
    }
}
