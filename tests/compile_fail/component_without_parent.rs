//! The arguments of a component say under what it is declared.

use lazuli::prelude::*;

struct Part;

#[derive(Component)]
#[component(Part, "part")]
struct PartArgs {
    #[component(name)]
    name: String,
}

fn main() {}
