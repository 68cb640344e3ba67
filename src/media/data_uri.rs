//! `data:` URIs: files as text. The type that they state is not believed.

use crate::model::NoMedia;
use crate::model::media::MAX_MEDIA_FILE;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes of a `data:` URI; `None` for a text that is none.
pub(super) fn decode(text: &str) -> Option<Result<Vec<u8>, NoMedia>> {
    let start = text.get(..5)?;
    let rest = start.eq_ignore_ascii_case("data:").then(|| &text[5..])?;
    let Some((head, body)) = rest.split_once(',') else {
        return Some(Err(NoMedia::NoName));
    };
    if !head.to_ascii_lowercase().ends_with(";base64") {
        return Some(Err(NoMedia::NoName));
    }
    if body.len() as u64 / 4 * 3 > MAX_MEDIA_FILE + 3 {
        return Some(Err(NoMedia::TooLarge));
    }
    // Tools break long lines.
    let body: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    Some(BASE64.decode(body).map_err(|_| NoMedia::NoName))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_and_nothing_else() {
        assert_eq!(decode("data:image/png;base64,aGk="), Some(Ok(b"hi".to_vec())));
        assert_eq!(decode("DATA:;BASE64,aG\nk"), Some(Ok(b"hi".to_vec())));
        assert_eq!(decode("data:text/plain,hi"), Some(Err(NoMedia::NoName)));
        assert_eq!(decode("data:image/png;base64,*"), Some(Err(NoMedia::NoName)));
        assert_eq!(decode("data:"), Some(Err(NoMedia::NoName)));
        assert_eq!(decode("data/a.png"), None);
        assert_eq!(decode("日本.png"), None);
        let long = format!("data:;base64,{}", "A".repeat(15 << 20));
        assert_eq!(decode(&long), Some(Err(NoMedia::TooLarge)));
    }
}
