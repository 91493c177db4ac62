//! Names of patches.

use std::{collections::BTreeMap, fmt, str::FromStr};

/// Labels of a patch. In BCS a map sorted by its serialized keys, shorter ones first.
pub type Tags = BTreeMap<String, String>;

/// The name of a patch within its quilt (`docs/spec/encoding.md` §12.4): 1 to 65 535 bytes of UTF-8
/// without control characters or trailing white space. Ordered by its bytes.
///
/// ```
/// use floe_encoding::quilt::PatchIdentifier;
///
/// let identifier: PatchIdentifier = "photos/2024 summer.jpg".parse()?;
/// assert_eq!(identifier.as_str(), "photos/2024 summer.jpg");
/// let error = "summer.jpg ".parse::<PatchIdentifier>().unwrap_err();
/// assert_eq!(error.to_string(), "an identifier must not end with white space");
/// # Ok::<(), floe_encoding::quilt::IdentifierError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatchIdentifier(String);

/// Why a text can't name a patch. Whoever chose it is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifierError {
    /// It is empty.
    #[error("an identifier must not be empty")]
    Empty,
    /// It is too long.
    #[error("an identifier must not be longer than {max} bytes, got {got}")]
    TooLong {
        /// The greatest length in bytes.
        max: usize,
        /// The length in bytes.
        got: usize,
    },
    /// It ends with white space.
    #[error("an identifier must not end with white space")]
    TrailingWhitespace,
    /// It has a control character.
    #[error("an identifier must not contain control characters, got {character:?} at byte {at}")]
    Control {
        /// The first control character.
        character: char,
        /// Its place in bytes.
        at: usize,
    },
}

impl PatchIdentifier {
    /// The greatest length in bytes of one that is read.
    pub const MAX_BYTES: usize = 65_535;
    /// The greatest length in bytes of one that is written: its BCS must be shorter than 65 535.
    pub const MAX_BYTES_WRITTEN: usize = 65_531;

    /// Checks a name.
    ///
    /// # Errors
    /// [`IdentifierError`].
    pub fn new(text: impl Into<String>) -> Result<Self, IdentifierError> {
        let text = text.into();
        if text.is_empty() {
            return Err(IdentifierError::Empty);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(IdentifierError::TooLong {
                max: Self::MAX_BYTES,
                got: text.len(),
            });
        }
        if let Some((at, character)) = text.char_indices().find(|(_, c)| c.is_control()) {
            return Err(IdentifierError::Control { character, at });
        }
        if text.ends_with(char::is_whitespace) {
            return Err(IdentifierError::TrailingWhitespace);
        }
        Ok(Self(text))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PatchIdentifier {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl fmt::Display for PatchIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_legal_names_are_taken() {
        for text in [
            "a",
            " a",
            "../a",
            "a b/c",
            "-",
            "🦭",
            "\u{a0}x",
            &"x".repeat(65_535),
        ] {
            assert_eq!(PatchIdentifier::new(text).unwrap().as_str(), text);
        }
        let refused = |text: &str| PatchIdentifier::new(text).unwrap_err();
        assert_eq!(refused(""), IdentifierError::Empty);
        assert_eq!(refused(" "), IdentifierError::TrailingWhitespace);
        assert_eq!(refused("a\u{2003}"), IdentifierError::TrailingWhitespace);
        for (text, character, at) in [
            ("a\n", '\n', 1),
            ("é\u{7f}b", '\u{7f}', 2),
            ("\u{9f}", '\u{9f}', 0),
        ] {
            assert_eq!(refused(text), IdentifierError::Control { character, at });
        }
        let (max, got) = (65_535, 65_536);
        assert_eq!(
            refused(&"x".repeat(got)),
            IdentifierError::TooLong { max, got }
        );
    }
}
