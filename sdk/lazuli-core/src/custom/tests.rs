//! Custom kinds against the provider trait.
