//! The log of a run: lines as they come, handed on to whoever stores them.

/// Takes lines; a sink may see each of them the moment it is written.
#[derive(Default)]
pub(crate) struct Log<'a> {
    pub(crate) lines: Vec<String>,
    sink: Option<&'a dyn Fn(&str)>,
}

impl<'a> Log<'a> {
    /// A log that `sink` follows.
    pub(crate) fn to(sink: &'a dyn Fn(&str)) -> Self {
        Self {
            lines: Vec::new(),
            sink: Some(sink),
        }
    }

    /// Adds a line, without its end.
    pub(crate) fn push(&mut self, line: String) {
        if let Some(sink) = self.sink {
            sink(&line);
        }
        self.lines.push(line);
    }
}
