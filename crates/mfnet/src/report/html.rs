//! A page of headings, paragraphs, tables and plots. Every text is escaped here, and nowhere else.

use std::fmt::Write;

/// Alignment of a column: text to the left, numbers to the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Text,
    Number,
}

/// The page so far.
pub(super) struct Page {
    html: String,
}

/// The page up to its first heading. It forbids scripts and loading anything. It has an empty icon,
/// because browsers would ask for one otherwise.
const HEAD: &str = include_str!("head.html");

impl Page {
    pub(super) fn new(title: &str) -> Self {
        Page { html: HEAD.replace("{title}", &escaped(title)) }
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.element("h2", text);
    }

    pub(super) fn paragraph(&mut self, text: &str) {
        self.element("p", text);
    }

    /// Lines with their line breaks and spaces.
    pub(super) fn lines(&mut self, text: &str) {
        self.element("pre", text);
    }

    fn element(&mut self, name: &str, text: &str) {
        // writing to a String cannot fail
        let _ = writeln!(self.html, "<{name}>{}</{name}>", escaped(text));
    }

    /// A plot as SVG, with its caption.
    pub(super) fn figure(&mut self, svg: &str, caption: &str) {
        let _ = writeln!(self.html, "<figure>\n{svg}<figcaption>{}</figcaption>\n</figure>", escaped(caption));
    }

    pub(super) fn table(&mut self, columns: &[(&str, Column)], rows: impl IntoIterator<Item = Vec<String>>) {
        let class = |column: &Column| if *column == Column::Number { " class=\"number\"" } else { "" };
        self.html.push_str("<div class=\"table\"><table>\n<thead><tr>");
        for (name, column) in columns {
            let _ = write!(self.html, "<th scope=\"col\"{}>{}</th>", class(column), escaped(name));
        }
        self.html.push_str("</tr></thead>\n<tbody>\n");
        for row in rows {
            let cell = |(cell, (_, column)): (&String, &(&str, Column))| {
                format!("<td{}>{}</td>", class(column), escaped(cell))
            };
            let cells: String = row.iter().zip(columns).map(cell).collect();
            let _ = writeln!(self.html, "<tr>{cells}</tr>");
        }
        self.html.push_str("</tbody>\n</table></div>\n");
    }

    pub(super) fn finish(mut self) -> String {
        self.html.push_str("</body>\n</html>\n");
        self.html
    }
}

/// Escapes text for use between tags and in a quoted attribute. The replacement character replaces
/// characters that HTML forbids.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            _ if is_unprintable(character) => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A name for a plot, cut to this number of characters, on one line.
pub(super) fn shortened(name: &str, most: usize) -> String {
    let printable = |character: char| if is_unprintable(character) { '\u{fffd}' } else { character };
    let name = name.chars().map(printable);
    if name.clone().count() <= most { name.collect() } else { name.take(most - 1).chain(['…']).collect() }
}

/// Whether a character is a control character, changes the direction of text, or is forbidden in
/// XML.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_file_becomes_markup() {
        let mut page = Page::new("<script>alert(1)</script>");
        let odd = "</td><img src=x onerror=alert('1')>\"&\0\u{202e}";
        page.paragraph(odd);
        page.table(&[(odd, Column::Text)], [vec![odd.to_owned()]]);
        page.figure("<svg></svg>\n", odd);
        let html = page.finish();
        let safe = "&lt;/td&gt;&lt;img src=x onerror=alert(&#39;1&#39;)&gt;&quot;&amp;\u{fffd}\u{fffd}";
        assert_eq!(html.matches(safe).count(), 4, "{html}");
        assert!(html.contains("<title>&lt;script&gt;alert(1)&lt;/script&gt;</title>"));
        assert!(!html.contains("<script") && !html.contains("<img"));
    }

    #[test]
    fn long_names_in_plots() {
        assert_eq!(shortened("abc", 3), "abc");
        assert_eq!(shortened("äbcd", 3), "äb…");
        assert_eq!(shortened("a\nb\0", 9), "a\u{fffd}b\u{fffd}");
    }
}
