//! Storage, pools, supplements and votes, among the stakes: what they may do to stakes and rewards
//! is held to the model, what else they do to the invariants.

use floe_core::{
    ObjectId,
    onchain::{
        blob::{Blob, SharedBlob, Storage, StoragePool},
        subsidies::Subsidies,
        walrus_subsidies::{SubsidiesInnerKey, WalrusSubsidies, WalrusSubsidiesInnerV1},
    },
};
use floe_ledger::{Failure, Outcome};
use proptest::{prelude::*, sample::Index};

use super::Run;
use crate::network::{
    Tx, WAL, abort_of, created,
    storage::{MIB, Spec},
};

/// FROST per node and per shard and epoch that supplements pay.
const PER_NODE: u64 = 1_000_003;
const PER_SHARD: u64 = 10_007;

#[derive(Clone, Debug)]
pub(super) enum Storing {
    Reserve {
        mib: u64,
        start: u32,
        epochs: u32,
    },
    Split {
        storage: Index,
        at: u32,
        by_size: bool,
    },
    Fuse(Index, Index),
    Register {
        storage: Index,
        deletable: bool,
    },
    Certify(Index),
    Extend {
        blob: Index,
        epochs: u32,
    },
    Delete(Index),
    Burn(Index),
    Share {
        blob: Index,
        frost: u64,
    },
    ExtendShared {
        blob: Index,
        epochs: u32,
    },
    NewPool {
        mib: u64,
        epochs: u32,
    },
    FillPool {
        pool: Index,
        deletable: bool,
    },
    CertifyPooled(Index),
    EmptyPool(Index),
    ResizePool {
        pool: Index,
        percent: u8,
    },
    ExtendPool {
        pool: Index,
        epochs: u32,
    },
    DestroyPool(Index),
    Subsidy {
        frost: u64,
        epochs: u32,
    },
    Supplement {
        rate: u32,
        frost: u64,
    },
    Discount {
        buyer: u16,
        system: u16,
        mib: u64,
        epochs: u32,
    },
    VotePrice {
        node: Index,
        frost: u64,
    },
    VoteCapacity {
        node: Index,
        mib: u64,
    },
    UpdatePrices,
    VoteUpgrade(Index),
}

pub(super) fn storing() -> impl Strategy<Value = Storing> {
    let index = any::<Index>;
    let epochs = || 0..8_u32;
    let buying = prop_oneof![
        (0..3000_u64, 0..4_u32, epochs()).prop_map(|(mib, start, epochs)| Storing::Reserve {
            mib,
            start,
            epochs
        }),
        (index(), 0..20_u32, any::<bool>()).prop_map(|(storage, at, by_size)| Storing::Split {
            storage,
            at,
            by_size
        }),
        (index(), index()).prop_map(|(a, b)| Storing::Fuse(a, b)),
        (0..WAL, epochs()).prop_map(|(frost, epochs)| Storing::Subsidy { frost, epochs }),
        (0..1_100_000_u32, 0..100 * WAL)
            .prop_map(|(rate, frost)| Storing::Supplement { rate, frost }),
        (0..11_000_u16, 0..11_000_u16, 0..500_u64, epochs()).prop_map(
            |(buyer, system, mib, epochs)| Storing::Discount {
                buyer,
                system,
                mib,
                epochs
            }
        ),
    ];
    let blobs = prop_oneof![
        2 => (index(), any::<bool>())
            .prop_map(|(storage, deletable)| Storing::Register { storage, deletable }),
        2 => index().prop_map(Storing::Certify),
        1 => (index(), epochs()).prop_map(|(blob, epochs)| Storing::Extend { blob, epochs }),
        1 => index().prop_map(Storing::Delete),
        1 => index().prop_map(Storing::Burn),
        1 => (index(), 0..WAL).prop_map(|(blob, frost)| Storing::Share { blob, frost }),
        1 => (index(), epochs()).prop_map(|(blob, epochs)| Storing::ExtendShared { blob, epochs }),
    ];
    let pools = prop_oneof![
        (0..500_u64, epochs()).prop_map(|(mib, epochs)| Storing::NewPool { mib, epochs }),
        (index(), any::<bool>())
            .prop_map(|(pool, deletable)| Storing::FillPool { pool, deletable }),
        index().prop_map(Storing::CertifyPooled),
        index().prop_map(Storing::EmptyPool),
        (index(), 0..120_u8).prop_map(|(pool, percent)| Storing::ResizePool { pool, percent }),
        (index(), epochs()).prop_map(|(pool, epochs)| Storing::ExtendPool { pool, epochs }),
        index().prop_map(Storing::DestroyPool),
    ];
    let votes = prop_oneof![
        (index(), 0..1_000_000_u64).prop_map(|(node, frost)| Storing::VotePrice { node, frost }),
        (index(), 0..100_000_u64).prop_map(|(node, mib)| Storing::VoteCapacity { node, mib }),
        Just(Storing::UpdatePrices),
        index().prop_map(Storing::VoteUpgrade),
    ];
    prop_oneof![3 => buying, 3 => blobs, 3 => pools, 1 => votes]
}

/// What the user has; some of it may be gone.
#[derive(Default)]
pub(super) struct Things {
    storage: Vec<ObjectId>,
    blobs: Vec<(ObjectId, Spec)>,
    shared: Vec<ObjectId>,
    pools: Vec<(ObjectId, Option<Spec>)>,
    subsidies: Option<ObjectId>,
    seed: u8,
}

fn pick<T: Copy>(things: &[T], index: Index) -> Option<T> {
    (!things.is_empty()).then(|| things[index.index(things.len())])
}

impl Run {
    pub(super) fn storing(&mut self, step: &Storing) {
        // What is gone is of no use, except to others' transactions.
        let live = |id: &ObjectId| self.net.ledger.state.get(id).is_some();
        let mut things = std::mem::take(&mut self.things);
        things.storage.retain(|id| live(id));
        things.blobs.retain(|(id, _)| live(id));
        things.pools.retain(|(id, _)| live(id));
        self.things = things;
        match step {
            Storing::Reserve { .. } | Storing::Split { .. } | Storing::Fuse(..) => {
                self.resources(step);
            }
            Storing::Subsidy { frost, epochs } => {
                self.tolerated(|tx| {
                    let (system, coin, epochs) = (tx.system(), tx.wal(*frost), tx.pure(epochs));
                    tx.walrus("system::add_subsidy", &[system, coin, epochs]);
                });
            }
            Storing::Supplement { rate, frost } => self.supplement(*rate, *frost),
            Storing::Discount { .. } => self.discount(step),
            Storing::VotePrice { .. }
            | Storing::VoteCapacity { .. }
            | Storing::UpdatePrices
            | Storing::VoteUpgrade(_) => self.votes(step),
            Storing::NewPool { .. }
            | Storing::FillPool { .. }
            | Storing::CertifyPooled(_)
            | Storing::EmptyPool(_)
            | Storing::ResizePool { .. }
            | Storing::ExtendPool { .. }
            | Storing::DestroyPool(_) => self.pools(step),
            step => self.blobs(step),
        }
    }

    /// Executes calls that may be refused by name, and notes what they make.
    fn tolerated(&mut self, write: impl FnOnce(&mut Tx<'_>)) -> Outcome {
        let outcome = self.net.run(self.user, write);
        if abort_of(&outcome).is_none() {
            match &outcome.failure {
                None | Some(Failure::Fault { .. } | Failure::Execution { .. }) => {}
                Some(other) => panic!("{other}"),
            }
        }
        if outcome.failure.is_none() {
            self.things.storage.extend(created::<Storage>(&outcome));
            self.things.shared.extend(created::<SharedBlob>(&outcome));
            self.check_accounts();
        }
        outcome
    }

    /// No slot but the present one holds more than can be sold, and the totals agree.
    fn check_accounts(&self) {
        let system = self.net.system();
        let ring = &system.future_accounting;
        let used = ring.slot(0).unwrap().used_capacity;
        assert_eq!(used, system.used_capacity_size);
        assert!(used <= system.total_capacity_size);
        assert_eq!(ring.slot(0).unwrap().epoch, system.committee.epoch);
    }

    fn spec(&mut self, deletable: bool) -> Spec {
        self.things.seed = self.things.seed.wrapping_add(1);
        Spec {
            deletable,
            ..Spec::permanent(self.things.seed)
        }
    }

    fn resources(&mut self, step: &Storing) {
        let things = &self.things.storage;
        match step {
            Storing::Reserve { mib, start, epochs } => {
                let start = self.model.epoch.saturating_sub(1) + start;
                self.tolerated(|tx| {
                    let storage = tx.reserve_for(mib * MIB, start, start + epochs);
                    tx.keep(storage);
                });
            }
            Storing::Split {
                storage,
                at,
                by_size,
            } => {
                let Some(storage) = pick(things, *storage) else {
                    return;
                };
                self.tolerated(|tx| {
                    let storage = tx.object(storage);
                    let rest = if *by_size {
                        let size = tx.pure(&(u64::from(*at) * 100 * MIB));
                        tx.walrus("storage_resource::split_by_size", &[storage, size])
                    } else {
                        let at = tx.pure(at);
                        tx.walrus("storage_resource::split_by_epoch", &[storage, at])
                    };
                    tx.keep(rest);
                });
            }
            Storing::Fuse(one, two) => {
                let (Some(one), Some(two)) = (pick(things, *one), pick(things, *two)) else {
                    return;
                };
                if one != two {
                    self.tolerated(|tx| {
                        let arguments = [tx.object(one), tx.object(two)];
                        tx.walrus("storage_resource::fuse", &arguments);
                    });
                }
            }
            other => panic!("{other:?}"),
        }
    }

    fn blobs(&mut self, step: &Storing) {
        if let Storing::Register { storage, deletable } = step {
            let spec = self.spec(*deletable);
            let Some(storage) = pick(&self.things.storage, *storage) else {
                return;
            };
            let outcome = self.tolerated(|tx| {
                let storage = tx.object(storage);
                let blob = tx.register(storage, &spec);
                tx.keep(blob);
            });
            let blobs = created::<Blob>(&outcome);
            self.things
                .blobs
                .extend(blobs.iter().map(|blob| (*blob, spec)));
            return;
        }
        if let Storing::ExtendShared { blob, epochs } = step {
            if let Some(blob) = pick(&self.things.shared, *blob) {
                self.tolerated(|tx| {
                    let arguments = [tx.object(blob), tx.system(), tx.pure(epochs)];
                    tx.walrus("shared_blob::extend", &arguments);
                });
            }
            return;
        }
        let index = match step {
            Storing::Certify(blob) | Storing::Delete(blob) | Storing::Burn(blob) => blob,
            Storing::Extend { blob, .. } | Storing::Share { blob, .. } => blob,
            other => panic!("{other:?}"),
        };
        let Some((id, spec)) = pick(&self.things.blobs, *index) else {
            return;
        };
        let cert = self.net.quorum(spec.confirmation(id));
        self.tolerated(|tx| {
            let blob = tx.object(id);
            match step {
                Storing::Certify(_) => tx.certify(blob, &cert),
                Storing::Extend { epochs, .. } => tx.extend(blob, *epochs),
                Storing::Share { frost, .. } => {
                    let funds = tx.wal(*frost);
                    tx.walrus("shared_blob::new_funded", &[blob, funds]);
                }
                Storing::Delete(_) => {
                    let storage = tx.delete(blob);
                    tx.keep(storage);
                }
                _ => {
                    tx.walrus("blob::burn", &[blob]);
                }
            }
        });
    }

    fn pools(&mut self, step: &Storing) {
        if let Storing::NewPool { mib, epochs } = step {
            let outcome = self.tolerated(|tx| {
                let pool = tx.create_pool(mib * MIB, *epochs);
                tx.keep(pool);
            });
            let pools = created::<StoragePool>(&outcome);
            self.things
                .pools
                .extend(pools.iter().map(|pool| (*pool, None)));
            return;
        }
        let index = match step {
            Storing::CertifyPooled(pool) | Storing::EmptyPool(pool) => pool,
            Storing::DestroyPool(pool) | Storing::FillPool { pool, .. } => pool,
            Storing::ResizePool { pool, .. } | Storing::ExtendPool { pool, .. } => pool,
            other => panic!("{other:?}"),
        };
        let Some((id, held)) = pick(&self.things.pools, *index) else {
            return;
        };
        let deletable = matches!(
            step,
            Storing::FillPool {
                deletable: true,
                ..
            }
        );
        let fresh = self.spec(deletable);
        let spec = held.unwrap_or(fresh);
        let cert = self.net.quorum(spec.confirmation(id));
        let outcome = self.tolerated(|tx| {
            let pool = tx.object(id);
            match step {
                Storing::FillPool { .. } => tx.register_pooled(pool, &fresh),
                Storing::CertifyPooled(_) => tx.certify_pooled(pool, spec.id(), &cert),
                Storing::EmptyPool(_) => tx.delete_pooled(pool, spec.id()),
                Storing::DestroyPool(_) => {
                    let storage = tx.walrus("storage_pool::destroy", &[pool]);
                    tx.keep(storage);
                }
                Storing::ExtendPool { epochs, .. } => {
                    let arguments = [tx.system(), pool, tx.pure(epochs), tx.wal_coin()];
                    tx.walrus("system::extend_storage_pool", &arguments);
                }
                Storing::ResizePool { percent, .. } if percent % 2 == 0 => {
                    let more = tx.pure(&(u64::from(*percent) * MIB));
                    let arguments = [tx.system(), pool, more, tx.wal_coin()];
                    tx.walrus("system::increase_storage_pool_capacity", &arguments);
                }
                Storing::ResizePool { percent, .. } => {
                    let arguments = [tx.system(), pool, tx.pure(percent)];
                    let path = "system::decrease_storage_pool_unused_capacity_by_percent";
                    let storage = tx.walrus(path, &arguments);
                    tx.keep(storage);
                }
                other => panic!("{other:?}"),
            }
        });
        if outcome.failure.is_none() && matches!(step, Storing::FillPool { .. }) {
            let pools = self.things.pools.iter_mut();
            for (_, held) in pools.filter(|(own, _)| *own == id) {
                *held = Some(fresh);
            }
        }
    }

    /// Makes the object if it is not there, funds it, and lets it pay. Its fixed part goes to the
    /// pools' commissions.
    fn supplement(&mut self, rate: u32, frost: u64) {
        let Some(subsidies) = self.things.subsidies else {
            let outcome = self.tolerated(|tx| {
                let rates = [tx.pure(&rate), tx.pure(&PER_NODE), tx.pure(&PER_SHARD)];
                let arguments = [tx.system(), tx.staking(), rates[0], rates[1], rates[2]];
                let cap = tx.contract("walrus_subsidies", "walrus_subsidies::new", &arguments);
                tx.keep(cap);
            });
            self.things.subsidies = created::<WalrusSubsidies>(&outcome).first().copied();
            return;
        };
        let before: WalrusSubsidiesInnerV1 = self.net.field(subsidies, &SubsidiesInnerKey);
        let previous = self.net.staking().previous_committee;
        let outcome = self.tolerated(|tx| {
            let (own, funds) = (tx.object(subsidies), tx.wal(frost));
            let path = "walrus_subsidies::add_coin";
            tx.contract("walrus_subsidies", path, &[own, funds]);
            let arguments = [own, tx.staking(), tx.system(), tx.clock()];
            let path = "walrus_subsidies::process_subsidies";
            tx.contract("walrus_subsidies", path, &arguments);
        });
        if outcome.failure.is_some() || before.latest_epoch.0 + 1 >= self.model.epoch {
            return;
        }
        let block = !self.model.selected;
        for (node, shards) in &previous.0 {
            let shards = u64::try_from(shards.len()).unwrap();
            let pool = self.model.pools.get_mut(node).unwrap();
            pool.add_commission(PER_NODE + shards * PER_SHARD, block);
        }
    }

    /// Buys with credits that are made for it.
    fn discount(&mut self, step: &Storing) {
        let Storing::Discount {
            buyer,
            system,
            mib,
            epochs,
        } = step
        else {
            return;
        };
        let outcome = self.tolerated(|tx| {
            let rates = [tx.pure(buyer), tx.pure(system)];
            let arguments = [tx.pure(&[0_u8; 32]), rates[0], rates[1], tx.wal(WAL / 100)];
            let path = "subsidies::new_with_initial_rates_and_funds";
            let cap = tx.contract("subsidies", path, &arguments);
            tx.keep(cap);
        });
        if let Some(credits) = created::<Subsidies>(&outcome).first() {
            self.tolerated(|tx| {
                let what = [tx.pure(&(mib * MIB)), tx.pure(epochs)];
                let arguments = [
                    tx.object(*credits),
                    tx.system(),
                    what[0],
                    what[1],
                    tx.wal_coin(),
                ];
                let storage = tx.contract("subsidies", "subsidies::reserve_space", &arguments);
                tx.keep(storage);
            });
        }
    }

    fn votes(&mut self, step: &Storing) {
        match step {
            Storing::VotePrice { node, frost } => {
                let node = self.own(*node);
                self.check(&Ok(()), node.owner, |tx| {
                    tx.by_cap("set_storage_price_vote", node.cap, frost);
                    tx.by_cap("set_write_price_vote", node.cap, frost);
                });
            }
            Storing::VoteCapacity { node, mib } => {
                let node = self.own(*node);
                self.check(&Ok(()), node.owner, |tx| {
                    tx.by_cap("set_node_capacity_vote", node.cap, &(mib * MIB));
                });
            }
            Storing::UpdatePrices => {
                self.check(&Ok(()), self.user, |tx| tx.update_prices());
            }
            Storing::VoteUpgrade(node) => {
                let node = self.own(*node);
                let outcome = self
                    .net
                    .run(node.owner, |tx| tx.vote_upgrade(node.node_id, &[7; 32]));
                let refusal = abort_of(&outcome).map(|abort| (abort.module, abort.code));
                let member = self.model.members.contains(&node.node_id);
                let expected = [("upgrade", 2), ("staking_inner", 4)];
                let is =
                    |(module, code): &(String, u64)| expected.contains(&(module.as_str(), *code));
                assert!(refusal.as_ref().is_none_or(is), "{refusal:?}");
                assert!(member || refusal.is_some());
            }
            other => panic!("{other:?}"),
        }
    }
}
