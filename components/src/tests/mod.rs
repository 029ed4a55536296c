//! Programs of components: what they declare, and in which order it is done.

mod article;
mod deployed;
mod fixture;
mod moves;
mod networks;
mod orders;
mod shapes;
