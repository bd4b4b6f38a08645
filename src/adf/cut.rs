//! Cuts what is too long.

/// What stands for what was cut from HTML.
const ELLIPSIS: char = '…';

/// The first `max_length` Unicode scalar values.
pub(super) fn cut_text(mut text: String, max_length: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(max_length) {
        text.truncate(end);
    }
    text
}

/// HTML of at most `max_length` Unicode scalar values. What is too long is cut behind the last
/// element that fits and ends in `…`; where no words would be left, their text is cut instead.
///
/// The HTML is what this module's renderer wrote, or as strict: every `<` starts a tag, every `&` an
/// entity.
#[must_use]
pub fn cut_html(html: String, max_length: usize) -> String {
    if html.chars().nth(max_length).is_none() {
        return html;
    }
    let Some(room) = max_length.checked_sub(1) else {
        return String::new();
    };
    let mut cut = Cut::default();
    let mut rest = &*html;
    while !rest.is_empty() && cut.length <= room {
        let piece = next_piece(rest);
        rest = rest.get(piece.len()..).unwrap_or_default();
        cut.pass(piece, room);
    }
    let point = cut.between.filter(|point| point.has_words).or(cut.within);
    let Some(point) = point.or(cut.between) else {
        return ELLIPSIS.to_string();
    };
    let mut out = html.get(..point.at).unwrap_or_default().to_owned();
    let open = cut.closed_at(point);
    for name in open.iter().rev() {
        out.extend(["</", name, ">"]);
    }
    out.push(ELLIPSIS);
    out
}

/// A tag, an entity, or a run of neither.
fn next_piece(html: &str) -> &str {
    let end = match html.bytes().next() {
        Some(b'<') => html.find('>').map(|at| at + 1),
        Some(b'&') => html.find(';').map(|at| at + 1),
        _ => html.find(['<', '&']),
    };
    html.get(..end.unwrap_or(html.len())).unwrap_or(html)
}

/// A place where the HTML can end.
#[derive(Clone, Copy)]
struct Point {
    at: usize,
    has_words: bool,
    /// How many tags were opened and closed up to there.
    passed: usize,
}

#[derive(Default)]
struct Cut<'h> {
    at: usize,
    length: usize,
    open: Vec<&'h str>,
    /// The length of the closing tags of all that is open.
    closing: usize,
    has_words: bool,
    follows_opening: bool,
    /// The openings and closings so far, to find again what is open at a point.
    history: Vec<Option<&'h str>>,
    between: Option<Point>,
    within: Option<Point>,
}

impl<'h> Cut<'h> {
    fn pass(&mut self, piece: &'h str, room: usize) {
        let is_tag = piece.starts_with('<');
        let is_end = piece.starts_with("</");
        if is_tag && !is_end && !self.follows_opening {
            self.between = self.point(room).or(self.between);
        }
        if is_tag {
            self.advance(piece);
            if is_end {
                self.history.push(None);
                if let Some(name) = self.open.pop() {
                    self.closing -= name.len() + 3;
                }
            } else if !is_void(piece) {
                let name = name_of(piece);
                self.history.push(Some(name));
                self.open.push(name);
                self.closing += name.len() + 3;
            }
            self.follows_opening = !is_end && !is_void(piece);
            if !self.follows_opening {
                self.between = self.point(room).or(self.between);
            }
            return;
        }
        self.follows_opening = false;
        self.has_words |= !piece.trim().is_empty();
        if piece.starts_with('&') {
            self.advance(piece);
            self.within = self.point(room).or(self.within);
        } else if self.has_words {
            // Within the first words any character may be the last.
            let fits = (room + 1).saturating_sub(self.length + self.closing);
            let (start, length) = (self.at, self.length);
            let end = piece.char_indices().nth(fits.saturating_sub(1));
            let kept = end.map_or(piece, |(at, _)| piece.get(..at).unwrap_or_default());
            self.advance(kept);
            self.within = self.point(room).or(self.within);
            (self.at, self.length) = (start, length);
            self.advance(piece);
        } else {
            self.advance(piece);
        }
    }

    fn advance(&mut self, piece: &str) {
        self.at += piece.len();
        self.length += piece.chars().count();
    }

    fn point(&self, room: usize) -> Option<Point> {
        (self.length + self.closing <= room).then_some(Point {
            at: self.at,
            has_words: self.has_words,
            passed: self.history.len(),
        })
    }

    /// The names of the elements that are open at a point, the outermost first.
    fn closed_at(&self, point: Point) -> Vec<&'h str> {
        let mut open = Vec::new();
        for step in self.history.iter().take(point.passed) {
            match step {
                Some(name) => open.push(*name),
                None => {
                    open.pop();
                }
            }
        }
        open
    }
}

fn name_of(tag: &str) -> &str {
    let name = tag.trim_start_matches('<');
    let end = name.find(|c: char| !c.is_ascii_alphanumeric());
    name.get(..end.unwrap_or(name.len())).unwrap_or_default()
}

/// Whether the tag is of an element without content.
fn is_void(tag: &str) -> bool {
    matches!(name_of(tag), "br" | "hr" | "img" | "input")
}

#[cfg(test)]
mod tests {
    use super::{cut_html, cut_text};

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(cut_text("aé日".to_owned(), 2), "aé");
        assert_eq!(cut_text("aé日".to_owned(), 3), "aé日");
        assert_eq!(cut_text("a".to_owned(), 0), "");
    }

    #[test]
    fn html_is_cut_behind_the_last_element_that_fits() {
        let html = "<p>one</p><ul><li><p>two</p></li><li><p>three</p></li></ul><p>four</p>";
        for (length, cut) in [
            (70, html),
            (
                69,
                "<p>one</p><ul><li><p>two</p></li><li><p>three</p></li></ul>…",
            ),
            (59, "<p>one</p><ul><li><p>two</p></li></ul>…"),
            (39, "<p>one</p><ul><li><p>two</p></li></ul>…"),
            (38, "<p>one</p>…"),
            (10, "<p>on</p>…"),
            (3, "…"),
            (1, "…"),
            (0, ""),
        ] {
            assert_eq!(cut_html(html.to_owned(), length), cut, "{length}");
            assert!(cut.chars().count() <= length);
        }
    }

    #[test]
    fn an_entity_is_never_cut() {
        let html = "<p>&amp;&lt;&gt;</p>";
        assert_eq!(cut_html(html.to_owned(), 19), "<p>&amp;&lt;</p>…");
        assert_eq!(cut_html(html.to_owned(), 16), "<p>&amp;</p>…");
        assert_eq!(cut_html(html.to_owned(), 12), "…");
    }
}
