//! HTML in which nothing can be left unescaped: every text and attribute goes through here.

/// An element under construction. Attributes come before content.
pub(super) struct Markup {
    name: &'static str,
    attributes: String,
    content: String,
}

/// An element with a class; an empty class is left out.
pub(super) fn el(name: &'static str, class: &'static str) -> Markup {
    let element = Markup {
        name,
        attributes: String::new(),
        content: String::new(),
    };
    match class {
        "" => element,
        class => element.attr("class", class),
    }
}

impl Markup {
    pub(super) fn attr(mut self, name: &'static str, value: &str) -> Markup {
        self.attributes
            .push_str(&format!(" {name}=\"{}\"", escape(value)));
        self
    }

    /// An attribute that is there or not.
    pub(super) fn attr_if(self, is_there: bool, name: &'static str) -> Markup {
        if is_there { self.attr(name, "") } else { self }
    }

    pub(super) fn text(mut self, text: &str) -> Markup {
        self.content.push_str(&escape(text));
        self
    }

    pub(super) fn child(mut self, child: Markup) -> Markup {
        self.content.push_str(&child.into_html());
        self
    }

    pub(super) fn children(self, children: impl IntoIterator<Item = Markup>) -> Markup {
        children.into_iter().fold(self, Markup::child)
    }

    pub(super) fn into_html(self) -> String {
        let Markup {
            name,
            attributes,
            content,
        } = self;
        format!("<{name}{attributes}>{content}</{name}>")
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Controls have no place in HTML; a log may hold some.
            c if c.is_control() && !['\n', '\t'].contains(&c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped() {
        let html = el("a", "x")
            .attr("href", "\"><script>")
            .text("<b>&'\u{7}")
            .child(el("i", ""))
            .into_html();
        assert_eq!(
            html,
            "<a class=\"x\" href=\"&quot;&gt;&lt;script&gt;\">&lt;b&gt;&amp;&#39;\u{fffd}<i></i></a>"
        );
    }
}
