//! Committees, and time that passes when nothing else happens.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use floe_core::{
    Committee, CommitteeMember, Epoch, MemberIndex, ObjectId, ShardIndex, keys::BlsSecretKey,
};
use floe_protocol::Timestamp;

pub(crate) const EPOCH: Epoch = Epoch(5);

/// The key of a member. Its seed follows from the node id, so from the member's index.
pub(crate) fn secret(member: MemberIndex) -> BlsSecretKey {
    BlsSecretKey::from_entropy(&[u8::try_from(member.0).unwrap() + 1; 32])
}

static KEYS: LazyLock<Vec<floe_core::keys::BlsPublicKey>> = LazyLock::new(|| {
    (0..40)
        .map(|i| secret(MemberIndex(i)).public_key())
        .collect()
});

/// `nodes` nodes that share `n_shards` shards as evenly as can be.
pub(crate) fn committee(n_shards: u16, nodes: u16) -> Arc<Committee> {
    let members = (0..nodes).map(|node| CommitteeMember {
        node_id: ObjectId::from_suffix(u8::try_from(node + 1).unwrap()),
        public_key: KEYS[usize::from(node)],
        shards: (node..n_shards)
            .step_by(nodes.into())
            .map(ShardIndex)
            .collect(),
    });
    Arc::new(Committee::new(EPOCH, n_shards, members.collect()).unwrap())
}

/// What will happen, in order.
pub(crate) struct Agenda<E> {
    events: BinaryHeap<Reverse<(Timestamp, u64)>>,
    what: std::collections::BTreeMap<u64, E>,
    next: u64,
}

impl<E> Agenda<E> {
    pub(crate) fn new() -> Self {
        Self {
            events: BinaryHeap::new(),
            what: std::collections::BTreeMap::new(),
            next: 0,
        }
    }

    pub(crate) fn add(&mut self, at: Timestamp, event: E) {
        self.events.push(Reverse((at, self.next)));
        self.what.insert(self.next, event);
        self.next += 1;
    }

    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.events.peek().map(|Reverse((at, _))| *at)
    }

    /// The next event that is due.
    pub(crate) fn pop(&mut self, now: Timestamp) -> Option<E> {
        if self.next_at()? > now {
            return None;
        }
        let Reverse((_, number)) = self.events.pop()?;
        self.what.remove(&number)
    }
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
