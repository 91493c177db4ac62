//! Deployment, upgrades, slashing and display (`docs/spec/contracts.md` §3.7).

use super::framework::{ObjectBag, Publisher, Table, Uid, UpgradeCap, VecSet};
use crate::{Epoch, ObjectId};

move_types! {
    walrus::init;

    /// The right to create the shared objects.
    struct InitCap {
        /// The object's id.
        id: Uid,
        /// Proof of having published the package.
        publisher: Publisher,
    }
}

move_types! {
    walrus::upgrade;

    /// The digest of a package, 32 bytes.
    struct PackageDigest(Vec<u8>);

    /// A vote on an upgrade.
    struct UpgradeProposal {
        /// When it was begun; it ends with that epoch.
        epoch: Epoch,
        /// The new package.
        digest: PackageDigest,
        /// The new package's version.
        version: u64,
        /// The shards of those in favour.
        voting_weight: u16,
        /// The nodes in favour.
        voters: VecSet<ObjectId>,
    }

    /// The shared object that holds the right to upgrade.
    struct UpgradeManager {
        /// The object's id.
        id: Uid,
        /// The right.
        cap: UpgradeCap,
        /// The votes under way.
        upgrade_proposals: Table<PackageDigest, UpgradeProposal>,
    }

    /// The right to upgrade without a vote.
    struct EmergencyUpgradeCap {
        /// The object's id.
        id: Uid,
        /// The id of the [`UpgradeManager`].
        upgrade_manager_id: ObjectId,
    }
}

move_types! {
    walrus::slashing;

    /// A vote on the slashing of a node.
    struct SlashingProposal {
        /// When it was begun; it ends with that epoch.
        epoch: Epoch,
        /// The node.
        node_id: ObjectId,
        /// The shards of those in favour.
        voting_weight: u16,
        /// The nodes in favour.
        voters: VecSet<ObjectId>,
    }

    /// The shared object that holds the votes on slashing.
    struct SlashingManager {
        /// The object's id.
        id: Uid,
        /// The votes under way, by node.
        slashing_candidates: Table<ObjectId, SlashingProposal>,
    }
}

move_types! {
    walrus::display;

    /// The shared object that holds the `Display`s of blobs, storage and stakes.
    struct ObjectDisplay {
        /// The object's id.
        id: Uid,
        /// The displays by type name, and the publisher under [`PublisherKey`].
        inner: ObjectBag,
    }

    /// Where the publisher is kept.
    struct PublisherKey;
}
