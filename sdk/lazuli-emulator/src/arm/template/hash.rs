//! The hashes of templates: `uniqueString`, `guid`, and the template's own.
//!
//! `uniqueString` is a 64-bit Murmur variant with constants of its own, written in base 32; the test
//! vectors are published results of the real function.

use uuid::Uuid;

/// The namespace of `guid()`, a version 5 UUID.
const GUID_NAMESPACE: Uuid = Uuid::from_u128(0x11fb06fb_712d_4ddd_98c7_e71bbd588830);
const C1: u32 = 2_869_860_233;
const C2: u32 = 597_399_067;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Two interleaved 32-bit lanes over blocks of eight bytes.
pub(crate) fn murmur64(data: &[u8]) -> u64 {
    let lane1 = |word: u32| word.wrapping_mul(C2).rotate_left(15).wrapping_mul(C1);
    let lane2 = |word: u32| word.wrapping_mul(C1).rotate_left(17).wrapping_mul(C2);
    let (mut h1, mut h2) = (0_u32, 0_u32);
    let mut blocks = data.chunks_exact(8);
    for block in &mut blocks {
        h1 = (h1 ^ lane1(word(&block[..4])))
            .rotate_left(19)
            .wrapping_add(h2);
        h1 = h1.wrapping_mul(5).wrapping_add(1_444_728_091);
        h2 = (h2 ^ lane2(word(&block[4..])))
            .rotate_left(13)
            .wrapping_add(h1);
        h2 = h2.wrapping_mul(5).wrapping_add(197_830_471);
    }
    let rest = blocks.remainder();
    if !rest.is_empty() {
        h1 ^= lane1(word(&rest[..rest.len().min(4)]));
    }
    if rest.len() > 4 {
        h2 ^= lane2(word(&rest[4..]));
    }
    // Lengths beyond 4 GB wrap, as they do in the original; requests are far smaller.
    let length = data.len() as u32;
    h2 ^= length;
    h1 = (h1 ^ length).wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    h1 = avalanche(h1);
    h2 = avalanche(h2);
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    (u64::from(h2) << 32) | u64::from(h1)
}

fn word(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, byte| (word << 8) | u32::from(*byte))
}

fn avalanche(mut h: u32) -> u32 {
    h = (h ^ (h >> 16)).wrapping_mul(2_246_822_507);
    h = (h ^ (h >> 13)).wrapping_mul(3_266_489_909);
    h ^ (h >> 16)
}

/// 13 characters of `a`-`z` and `2`-`7`.
pub(crate) fn unique_string(parts: &[String]) -> String {
    let mut hash = murmur64(parts.join("-").as_bytes());
    let mut text = String::with_capacity(13);
    for _ in 0..13 {
        text.push(char::from(ALPHABET[(hash >> 59) as usize]));
        hash <<= 5;
    }
    text
}

pub(crate) fn guid(parts: &[String]) -> String {
    Uuid::new_v5(&GUID_NAMESPACE, parts.join("-").as_bytes()).to_string()
}

/// The decimal hash that deployments show for their template.
pub(crate) fn template_hash(template: &serde_json::Value) -> String {
    murmur64(template.to_string().as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(all: &[&str]) -> Vec<String> {
        all.iter().map(|part| (*part).to_owned()).collect()
    }

    #[test]
    fn unique_strings_are_those_of_azure() {
        let check = |all: &[&str], expect: &str| assert_eq!(unique_string(&parts(all)), expect);
        check(&["test"], "rbgf3xv4ufgzg");
        check(&["hello", "world"], "a7wkljktk6wne");
        check(&["abc"], "cgtzqvhu4i23s");
        check(&["foo", "bar", "baz"], "xzi4ioaxtmth4");
        let group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/my-rg";
        check(&[group], "bmg7c6xu4tw46");
    }

    #[test]
    fn guids_are_version_five_and_depend_on_every_part() {
        let one = guid(&parts(&["a", "b"]));
        assert_eq!(one, guid(&parts(&["a-b"])));
        assert_ne!(one, guid(&parts(&["b", "a"])));
        assert_eq!(
            Uuid::parse_str(&one).map(|guid| guid.get_version_num()),
            Ok(5)
        );
    }
}
