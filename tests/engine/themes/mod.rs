//! Scenarios by theme; `docs/engine.md` counts them against what engines of the
//! field are known to be tested for.

mod aliases;
mod core;
mod deleting;
mod errors;
mod hooks;
mod importing;
mod refreshing;
mod replacing;
mod selecting;

macro_rules! scenarios {
    ($($name:ident: $text:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            crate::engine::scenario::check(stringify!($name), $text).await;
        }
    )*};
}
pub(crate) use scenarios;
