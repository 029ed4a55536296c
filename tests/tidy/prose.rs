//! What of a file is names, and what is sentences.

/// Both parts keep the length and the lines of the file; the other part is blank.
pub(super) struct Parts {
    /// Code without literals, and whatever stands in backticks.
    pub(super) names: String,
    /// Comments, texts in quotation marks, and documents.
    pub(super) sentences: String,
}

/// The parts of a file with this path.
pub(super) fn parts(path: &str, text: &str) -> Parts {
    let kinds = if path.ends_with(".rs") {
        Lexer::new(text).run()
    } else {
        vec![Kind::Sentence; text.chars().count()]
    };
    let pick = |wanted: Kind| {
        let chars = text.chars().zip(&kinds);
        let kept = chars.map(|(char, kind)| {
            if char == '\n' || *kind == wanted {
                char
            } else {
                ' '
            }
        });
        kept.collect::<String>()
    };
    let sentences = pick(Kind::Sentence);
    let names = overlay(&pick(Kind::Name), &in_backticks(&sentences));
    Parts { names, sentences }
}

/// The text with everything outside of backticks blank.
fn in_backticks(text: &str) -> String {
    let mut is_inside = false;
    let keep = |char: char| {
        is_inside ^= char == '`';
        if char == '\n' || is_inside && char != '`' {
            char
        } else {
            ' '
        }
    };
    text.chars().map(keep).collect()
}

fn overlay(below: &str, above: &str) -> String {
    let pairs = below.chars().zip(above.chars());
    pairs
        .map(|(below, above)| if above == ' ' { below } else { above })
        .collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Name,
    Sentence,
    /// Marks of comments and literals.
    Mark,
}

/// Tells comments and literals of a Rust source from its code.
struct Lexer {
    chars: Vec<char>,
    kinds: Vec<Kind>,
}

impl Lexer {
    fn new(text: &str) -> Self {
        Self {
            chars: text.chars().collect(),
            kinds: Vec::new(),
        }
    }

    fn run(mut self) -> Vec<Kind> {
        while self.kinds.len() < self.chars.len() {
            match self.peek(0) {
                '/' if self.peek(1) == '/' => self.line_comment(),
                '/' if self.peek(1) == '*' => self.block_comment(),
                '"' => self.string(),
                'r' if self.begins_raw() => self.raw_string(),
                '\'' => self.quote(),
                _ => self.take(1, Kind::Name),
            }
        }
        self.kinds.truncate(self.chars.len());
        self.kinds
    }

    /// The character so far ahead; NUL behind the end.
    fn peek(&self, ahead: usize) -> char {
        let at = self.kinds.len() + ahead;
        self.chars.get(at).copied().unwrap_or_default()
    }

    fn take(&mut self, count: usize, kind: Kind) {
        self.kinds.extend(std::iter::repeat_n(kind, count));
    }

    fn take_while(&mut self, kind: Kind, goes_on: impl Fn(&Self) -> bool) {
        while self.kinds.len() < self.chars.len() && goes_on(self) {
            self.take(1, kind);
        }
    }

    fn line_comment(&mut self) {
        self.take_while(Kind::Mark, |this| matches!(this.peek(0), '/' | '!'));
        self.take_while(Kind::Sentence, |this| this.peek(0) != '\n');
    }

    fn block_comment(&mut self) {
        self.take(2, Kind::Mark);
        self.take_while(Kind::Sentence, |this| {
            !(this.peek(0) == '*' && this.peek(1) == '/')
        });
        self.take(2, Kind::Mark);
    }

    fn string(&mut self) {
        self.take(1, Kind::Mark);
        while self.kinds.len() < self.chars.len() && self.peek(0) != '"' {
            if self.peek(0) == '\\' {
                self.take(2, Kind::Mark);
            } else {
                self.take(1, Kind::Sentence);
            }
        }
        self.take(1, Kind::Mark);
    }

    fn begins_raw(&self) -> bool {
        let last = self.kinds.len().checked_sub(1).map(|at| self.chars[at]);
        let is_in_word =
            last.is_some_and(|last| last.is_alphanumeric() && last != 'b' || last == '_');
        let hashes = (1..).take_while(|ahead| self.peek(*ahead) == '#').count();
        !is_in_word && self.peek(1 + hashes) == '"'
    }

    fn raw_string(&mut self) {
        let hashes = (1..).take_while(|ahead| self.peek(*ahead) == '#').count();
        self.take(2 + hashes, Kind::Mark);
        self.take_while(Kind::Sentence, |this| {
            let closes = (1..=hashes).all(|ahead| this.peek(ahead) == '#');
            !(this.peek(0) == '"' && closes)
        });
        self.take(1 + hashes, Kind::Mark);
    }

    /// A character, or the name of a lifetime.
    fn quote(&mut self) {
        if self.peek(1) == '\\' {
            self.take(3, Kind::Mark);
            self.take_while(Kind::Mark, |this| this.peek(0) != '\'');
            self.take(1, Kind::Mark);
        } else if self.peek(2) == '\'' {
            self.take(3, Kind::Mark);
        } else {
            self.take(1, Kind::Name);
        }
    }
}

#[test]
fn names_and_sentences_are_told_apart() {
    let check = |path: &str, text: &str, names: &str, sentences: &str| {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let found = parts(path, text);
        assert_eq!(words(&found.names), names, "{text}");
        assert_eq!(words(&found.sentences), sentences, "{text}");
        assert_eq!(found.names.lines().count(), text.lines().count(), "{text}");
    };
    check("a.rs", "let a = 1; // two\nb", "let a = 1; b", "two");
    check(
        "a.rs",
        "/// Gives `Some`.\nfn f() {}",
        "Some fn f() {}",
        "Gives `Some`.",
    );
    check("a.rs", r#"f("a \" // b", 'c', x)"#, "f( , , x)", "a // b");
    check("a.rs", r###"f(r#"a "b" c"#, d)"###, "f( , d)", r#"a "b" c"#);
    check(
        "a.rs",
        "fn f<'a>(x: &'a u8) -> '\\n'",
        "fn f<'a>(x: &'a u8) ->",
        "",
    );
    check("a.rs", "a /* b\nc */ d", "a d", "b c");
    check("a.rs", "for r in hr\"x\"", "for r in hr", "x");
    check("a.md", "Run `up` now.", "up", "Run `up` now.");
}
