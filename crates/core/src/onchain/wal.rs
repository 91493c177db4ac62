//! Package `wal`: the token (`docs/spec/contracts.md` §2.1).

use super::framework::Uid;

move_types! {
    wal::wal;

    /// The shared object that holds the token's treasury in a dynamic object field under
    /// [`TreasuryCapKey`].
    struct ProtectedTreasury {
        /// The object's id.
        id: Uid,
    }

    /// Where the treasury is kept.
    struct TreasuryCapKey;
}
