//! Signed poll addresses: `t`, `c`, `s` and `h`, some three and a half kilobytes together.
//!
//! Since about 2023 the addresses that ARM gives for operations are signed and long. Clients must send
//! them back byte for byte and have room for them; both go wrong in practice, so both are kept here.
//! The shape is that of recorded answers; what the parts hold is opaque, here as there.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::hmac;

use super::{Answer, entra};
use crate::world::World;

/// Hundreds of nanoseconds from the year 1 to 1970: how `t` counts.
const TICKS_TO_1970: i128 = 621_355_968_000_000_000;
/// Bytes of the certificate part, which makes up most of the length.
const CERTIFICATE_BYTES: usize = 2_100;
const SIGNATURE_BYTES: usize = 256;

/// Adds time, certificate, signature and hash to an address that has a query.
pub(crate) fn sign(world: &World, url: &str) -> String {
    let ticks = TICKS_TO_1970 + i128::from(world.clock().now_ms()) * 10_000;
    let certificate = BASE64.encode(stretch(world, "certificate", CERTIFICATE_BYTES));
    let unsigned = format!("{url}&t={ticks}&c=MII{certificate}");
    let tail = tail(world, path_of(&unsigned));
    format!("{unsigned}{tail}")
}

/// Whether a path with its query is one that [`sign`] made, to the byte.
pub(crate) fn is_genuine(world: &World, path_and_query: &str) -> bool {
    let Some(at) = path_and_query.rfind("&s=") else {
        return false;
    };
    let (unsigned, given) = path_and_query.split_at(at);
    tail(world, unsigned) == given
}

/// The code is the emulator's own: what ARM calls it is not recorded anywhere.
pub(crate) fn refusal() -> Answer {
    Answer::error(
        403,
        "InvalidOperationUrl",
        "The signature of the operation's address is missing or wrong. Send the address back exactly as it was received, query included.",
    )
}

fn tail(world: &World, unsigned: &str) -> String {
    let signature = BASE64.encode(stretch(world, unsigned, SIGNATURE_BYTES));
    let hash = BASE64.encode(hmac::sign(&entra::key(world), signature.as_bytes()));
    format!("&s={signature}&h={hash}")
}

/// Addresses differ in scheme and host by the way a client came; the signature covers the rest.
fn path_of(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let path = url[start..].find('/').map_or(url.len(), |at| start + at);
    &url[path..]
}

/// As many bytes as wanted that follow from the world's key and a text.
fn stretch(world: &World, text: &str, length: usize) -> Vec<u8> {
    let key = entra::key(world);
    let mut block = hmac::sign(&key, format!("operation address\n{text}").as_bytes());
    let mut bytes = Vec::with_capacity(length + 32);
    while bytes.len() < length {
        bytes.extend_from_slice(block.as_ref());
        block = hmac::sign(&key, block.as_ref());
    }
    bytes.truncate(length);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world;

    #[test]
    fn only_what_was_signed_is_genuine() {
        let world = world::tests::empty();
        let url = sign(
            &world,
            "https://127.0.0.1:8443/subscriptions/s/operationresults/x?api-version=2024-01-01",
        );
        assert!(url.len() > 3_000, "{}", url.len());
        let path = path_of(&url);
        assert!(is_genuine(&world, path));
        let check = |changed: String| assert!(!is_genuine(&world, &changed), "{changed}");
        check(path.replacen("/x?", "/y?", 1));
        check(path.replacen("2024-01-01", "2024-01-02", 1));
        check(path.replacen("&t=", "&t=1", 1));
        check(path[..path.len() - 1].to_owned());
        check(format!("{path}&extra=1"));
        check("/subscriptions/s/operationresults/x?api-version=2024-01-01".into());
        let elsewhere = world::tests::empty();
        assert!(
            !is_genuine(&elsewhere, path),
            "another world has another key"
        );
    }
}
