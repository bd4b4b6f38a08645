//! Long lines at the width of a terminal.

use unicode_width::UnicodeWidthStr as _;

/// Words over as many lines as they need, all but the first with `indent` blanks before; on one
/// line where the width is not known. A word that is too long stays whole: it may be an address.
pub(super) fn wrapped(text: &str, indent: usize, width: Option<usize>) -> String {
    let Some(room) = width.and_then(|width| width.checked_sub(indent)) else {
        return text.to_owned();
    };
    // Too narrow for words: the terminal breaks lines as well.
    if room < 20 {
        return text.to_owned();
    }
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_end_between_words_and_begin_below_each_other() {
        let text = "the quick brown fox jumps over the lazy dog";
        assert_eq!(wrapped(text, 4, None), text);
        assert_eq!(
            wrapped(text, 4, Some(26)),
            "the quick brown fox\n    jumps over the lazy\n    dog"
        );
        assert_eq!(wrapped(text, 4, Some(12)), text, "too narrow for words");
        let address = "see https://a.very.long.example/address here";
        assert_eq!(
            wrapped(address, 2, Some(24)),
            "see\n  https://a.very.long.example/address\n  here"
        );
    }
}
