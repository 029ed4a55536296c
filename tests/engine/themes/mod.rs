//! Scenarios by theme; `docs/engine.md` counts them against what engines of the
//! field are known to be tested for.

mod aliases;
mod core;
mod deleting;
mod editing;
mod errors;
mod explaining;
mod hooks;
mod importing;
mod inheriting;
mod refreshing;
mod replacing;
mod saving;
mod scopes;
mod selecting;
mod shapes;

macro_rules! scenarios {
    ($($name:ident: $text:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            crate::engine::scenario::check(stringify!($name), $text).await;
        }
    )*};
}
pub(crate) use scenarios;
