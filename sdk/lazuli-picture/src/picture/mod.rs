//! Pictures of a topology: what it says ([`model`]), where everything is put
//! ([`layout`]), and the forms it is written in.
//!
//! [`svg`] stands alone; [`html`] is the same picture in a page that tells more
//! when something is pointed at; [`mermaid`] and [`dot`] are texts for other
//! tools. Nothing here knows a cloud: what a provider adds comes as looks
//! ([`lazuli_core::NodeStyle`]) and proofs.

mod data;
mod dot;
mod html;
mod layout;
mod mermaid;
pub(crate) mod model;
pub(crate) mod svg;
pub(crate) mod text;

pub use data::data;
pub(crate) use html::POLICY;
use model::Picture;

/// The forms a picture can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A picture that stands alone.
    Svg,
    /// One page with details of everything, that needs nothing else.
    Html,
    /// Text for Mermaid.
    Mermaid,
    /// Text for Graphviz.
    Dot,
}

impl Format {
    /// What a file's name says it is.
    pub fn of_file(name: &std::path::Path) -> Option<Self> {
        let end = name.extension()?.to_str()?.to_ascii_lowercase();
        match end.as_str() {
            "svg" => Some(Self::Svg),
            "html" | "htm" => Some(Self::Html),
            "mmd" | "mermaid" => Some(Self::Mermaid),
            "dot" | "gv" => Some(Self::Dot),
            _ => None,
        }
    }

    /// Writes a picture in this form.
    pub fn write(self, picture: &Picture) -> String {
        match self {
            Self::Svg => svg::write(picture),
            Self::Html => html::write(picture),
            Self::Mermaid => mermaid::write(picture),
            Self::Dot => dot::write(picture),
        }
    }
}

#[cfg(test)]
mod tests;
