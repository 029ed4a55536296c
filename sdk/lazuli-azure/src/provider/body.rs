//! Bodies of answers, read up to a limit: a registry may send without end, or little that unpacks to much.

use reqwest::Response;

/// The most that is read of an answer that must be read as a whole.
const LARGEST: usize = 8 * 1024 * 1024;

/// The body, or why it cannot be had.
pub(super) async fn whole(answer: &mut Response) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(chain)? {
        if bytes.len() + chunk.len() > LARGEST {
            return Err(format!(
                "its answer is larger than {} MB",
                LARGEST / 1024 / 1024
            ));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The beginning of the body as text; what follows is not read.
pub(super) async fn beginning(mut answer: Response, characters: usize) -> String {
    // No character takes more than four bytes.
    let most = characters * 4;
    let mut bytes = Vec::new();
    while bytes.len() < most {
        match answer.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    text.chars().take(characters).collect()
}

/// A failure below HTTP with its causes, and without the URL, which may be signed.
pub(super) fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut causes = vec![error.to_string()];
    let mut next = std::error::Error::source(&error);
    while let Some(cause) = next {
        let text = cause.to_string();
        if !causes.iter().any(|known| known.contains(&text)) {
            causes.push(text);
        }
        next = cause.source();
    }
    causes.join(": ")
}
