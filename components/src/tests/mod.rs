//! Programs of components: what they declare, and in which order it is done.

mod article;
mod orders;
mod shapes;
