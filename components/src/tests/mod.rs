//! Programs of components: what they declare, and in which order it is done.

mod article;
mod deployed;
mod orders;
mod shapes;
