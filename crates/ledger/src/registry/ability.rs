//! The four abilities of Move types.

use std::fmt;

/// What may be done with the values of a type; also the constraint on a type parameter.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct AbilitySet(u8);

impl AbilitySet {
    /// No ability: a hot potato, or an unconstrained type parameter.
    pub const NONE: Self = Self(0);
    /// Values can be copied.
    pub const COPY: Self = Self(1);
    /// Values can be dropped.
    pub const DROP: Self = Self(2);
    /// Values can be stored inside objects.
    pub const STORE: Self = Self(4);
    /// Values are objects.
    pub const KEY: Self = Self(8);
    /// `copy + drop + store`, the abilities of numbers.
    pub const VALUE: Self = Self(7);

    /// Whether all of `other` are here.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both have.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What a container declared with `self` keeps when one of its type arguments has `argument`:
    /// copy, drop and store need the same of the argument, key needs store.
    pub const fn limited_by(self, argument: Self) -> Self {
        let key = if argument.contains(Self::STORE) {
            Self::KEY
        } else {
            Self::NONE
        };
        self.intersection(argument.intersection(Self::VALUE).union(key))
    }

    /// The ability of this name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "copy" => Some(Self::COPY),
            "drop" => Some(Self::DROP),
            "store" => Some(Self::STORE),
            "key" => Some(Self::KEY),
            _ => None,
        }
    }

    /// The single abilities in here, in the order copy, drop, store, key.
    pub fn iter(self) -> impl Iterator<Item = Self> {
        [Self::COPY, Self::DROP, Self::STORE, Self::KEY]
            .into_iter()
            .filter(move |ability| self.contains(*ability))
    }
}

impl fmt::Debug for AbilitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::COPY, "copy"),
            (Self::DROP, "drop"),
            (Self::STORE, "store"),
            (Self::KEY, "key"),
        ];
        f.debug_set()
            .entries(
                names
                    .iter()
                    .filter(|(ability, _)| self.contains(*ability))
                    .map(|(_, name)| name),
            )
            .finish()
    }
}
