//! A stack stays on the program's thread.

use lazuli::prelude::*;

async fn topology(stack: Stack) -> Result<()> {
    tokio::spawn(async move {
        ResourceGroup::builder(&stack, "group")
            .location("westeurope")
            .build();
    });
    Ok(())
}

fn main() {}
