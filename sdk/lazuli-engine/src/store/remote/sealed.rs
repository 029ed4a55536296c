//! A sealed object: a header line in clear, then nonce and ciphertext.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::secrets::DataKey;

const FORMAT: &str = "lazuli.sealed";
pub(super) const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
}

/// Why an object does not open.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unsealed {
    /// A sentence about the damage.
    Damaged(&'static str),
    /// The format's version, which is above [`VERSION`].
    Newer(u32),
}

pub(super) fn seal(key: &DataKey, name: &str, plain: &[u8]) -> Option<Vec<u8>> {
    let header = Header {
        format: FORMAT.to_owned(),
        version: VERSION,
    };
    let mut object = serde_json::to_vec(&header).ok()?;
    object.push(b'\n');
    object.append(&mut key.seal_object(name, plain)?);
    Some(object)
}

pub(super) fn open(
    key: &DataKey,
    name: &str,
    object: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Unsealed> {
    let none = Unsealed::Damaged("it is not a sealed object");
    let Some(end) = object.iter().position(|byte| *byte == b'\n') else {
        return Err(none);
    };
    match serde_json::from_slice::<Header>(&object[..end]) {
        Ok(header) if header.format != FORMAT => Err(none),
        Ok(header) if header.version > VERSION => Err(Unsealed::Newer(header.version)),
        Ok(_) => key
            .open_object(name, &object[end + 1..])
            .ok_or(Unsealed::Damaged(
                "it does not open with the stack's data key: it was cut, edited, or moved here from another name",
            )),
        Err(_) => Err(none),
    }
}
