//! Sets of committee members as bitmaps.

use crate::MemberIndex;

/// A set of committee members: bit `i mod 8`, least significant first, of byte `⌊i / 8⌋` stands for
/// member `i`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerBitmap {
    /// As many as hold a bit for each member; no bits beyond them are set.
    bytes: Vec<u8>,
}

/// Why members or bytes are no set of committee members. Whoever made them is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BitmapError {
    /// The bitmap is longer than the committee.
    #[error("expected a signer bitmap of at most {max} bytes, got {got}")]
    TooLong {
        /// Bytes that hold a bit for each member.
        max: usize,
        /// Bytes in the bitmap.
        got: usize,
    },
    /// A signer is not a member.
    #[error("signer {index} of a committee of {n_members}")]
    NotAMember {
        /// The signer.
        index: usize,
        /// The number of members.
        n_members: usize,
    },
    /// A signer is named twice.
    #[error("signer {index} is named twice")]
    Duplicate {
        /// The signer.
        index: usize,
    },
}

impl SignerBitmap {
    /// The set of these members of a committee of `n_members`.
    ///
    /// # Errors
    /// [`BitmapError`] if one is named twice or not a member.
    pub fn from_members(
        members: impl IntoIterator<Item = MemberIndex>,
        n_members: usize,
    ) -> Result<Self, BitmapError> {
        let mut bytes = vec![0_u8; n_members.div_ceil(8)];
        for index in members.into_iter().map(MemberIndex::as_usize) {
            let byte = bytes.get_mut(index / 8).filter(|_| index < n_members);
            let byte = byte.ok_or(BitmapError::NotAMember { index, n_members })?;
            let bit = 1 << (index % 8);
            if *byte & bit != 0 {
                return Err(BitmapError::Duplicate { index });
            }
            *byte |= bit;
        }
        Ok(Self { bytes })
    }

    /// Reads a bitmap by the chain's rules: missing bytes are zero.
    ///
    /// # Errors
    /// [`BitmapError`] if it is longer than the committee or has a bit beyond it.
    pub fn from_bytes(bytes: &[u8], n_members: usize) -> Result<Self, BitmapError> {
        let (max, got) = (n_members.div_ceil(8), bytes.len());
        if got > max {
            return Err(BitmapError::TooLong { max, got });
        }
        let mut bytes = bytes.to_vec();
        bytes.resize(max, 0);
        let bitmap = Self { bytes };
        let stray = bitmap.positions().find(|index| *index >= n_members);
        stray.map_or(Ok(bitmap), |index| {
            Err(BitmapError::NotAMember { index, n_members })
        })
    }

    /// The bitmap in full length.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The members in ascending order.
    pub fn members(&self) -> Vec<MemberIndex> {
        let index = |position| u16::try_from(position).ok().map(MemberIndex);
        self.positions().filter_map(index).collect()
    }

    fn positions(&self) -> impl Iterator<Item = usize> {
        let bits = |(i, byte): (usize, &u8)| {
            let byte = *byte;
            (0..8)
                .filter(move |bit| byte >> bit & 1 == 1)
                .map(move |bit| 8 * i + bit)
        };
        self.bytes.iter().enumerate().flat_map(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shorter_bitmaps_are_taken_and_longer_ones_or_stray_bits_are_not() {
        let members = |bytes: &[u8], n| SignerBitmap::from_bytes(bytes, n).map(|map| map.members());
        assert_eq!(
            members(&[0x21, 0x10], 13),
            Ok([0, 5, 12].map(MemberIndex).to_vec())
        );
        assert_eq!(members(&[0x21], 13), Ok([0, 5].map(MemberIndex).to_vec()));
        assert_eq!(members(&[], 0), Ok(vec![]));
        assert_eq!(
            SignerBitmap::from_bytes(&[1], 13).unwrap().as_bytes(),
            [1, 0]
        );
        assert_eq!(
            members(&[0, 0, 0], 13),
            Err(BitmapError::TooLong { max: 2, got: 3 })
        );
        let (index, n_members) = (13, 13);
        assert_eq!(
            members(&[0, 0x20], 13),
            Err(BitmapError::NotAMember { index, n_members })
        );
    }

    #[test]
    fn members_are_distinct_and_in_the_committee() {
        let map = |members: &[u16], n| {
            SignerBitmap::from_members(members.iter().copied().map(MemberIndex), n)
        };
        assert_eq!(map(&[12, 0, 5], 13).unwrap().as_bytes(), [0x21, 0x10]);
        assert_eq!(map(&[5, 5], 13), Err(BitmapError::Duplicate { index: 5 }));
        let (index, n_members) = (13, 13);
        assert_eq!(
            map(&[13], 13),
            Err(BitmapError::NotAMember { index, n_members })
        );
        assert!(map(&[], 0).unwrap().as_bytes().is_empty());
    }
}
