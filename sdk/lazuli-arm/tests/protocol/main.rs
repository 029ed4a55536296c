//! The client against servers that speak the ARM protocol, well and badly. Everything on loopback, ephemeral ports.

mod connecting;
mod failures;
mod operations;
mod reads;
mod stage;
