//! What was acknowledged is there after every power cut, and each sync is needed for that.
//!
//! `FLOE_POWER_CUTS` sets the number of cuts tried; `cargo xtask soak fullnode` tries ten thousand.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use floe_env::{
    Disk, Operation, Rng as _,
    testing::{CrashDisk, Fault, SeededRng, Traced},
};
use floe_fullnode::{Executed, OwnerKey};
use sui_sdk_types::{ObjectOut, ObjectReference, TransactionEffects};
use support::{Node, SUI, User, audit::check_whole, crash_disk, genesis};

const PAYMENTS: u64 = 4;

fn users() -> Vec<User> {
    vec![User::new(1), User::new(2)]
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}

/// The first gas coin, which only genesis knows.
fn first_coin(users: &[User]) -> ObjectReference {
    let genesis = genesis(users, 5);
    let objects = genesis.outcome.writes.objects.values().flatten();
    let owner = sui_sdk_types::Owner::Address(users[0].address());
    let mine = objects.filter(|object| *object.owner() == owner);
    let coin = mine.min_by_key(|object| object.object_id()).unwrap();
    ObjectReference::new(coin.object_id(), coin.version(), coin.digest())
}

/// The gas coin as a transaction left it.
fn next_coin(executed: &Executed) -> ObjectReference {
    let TransactionEffects::V2(effects) = &executed.effects else {
        panic!("not V2");
    };
    let index = usize::try_from(effects.gas_object_index.unwrap()).unwrap();
    let change = &effects.changed_objects[index];
    let ObjectOut::ObjectWrite { digest, .. } = &change.output_state else {
        panic!("a gas coin stays");
    };
    ObjectReference::new(change.object_id, effects.lamport_version, *digest)
}

/// What a node acknowledged.
struct Paid {
    executed: Vec<Arc<Executed>>,
    /// Operations of the disk before the first payment, and after each.
    operations: Vec<u64>,
}

/// Starts a node, making a chain if there is none, and pays until the disk fails.
fn pay(disk: &CrashDisk, mut coin: ObjectReference) -> Paid {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    run(async move {
        let users = users();
        let mut paid = Paid {
            executed: Vec::new(),
            operations: Vec::new(),
        };
        let Ok(node) = Node::start(&shared, &users) else {
            return paid;
        };
        paid.operations.push(disk.operations());
        for _ in 0..PAYMENTS {
            let signed = users[0].payment(coin.clone(), users[1].address(), SUI);
            match node.submit(signed).await {
                Ok(executed) => {
                    coin = next_coin(&executed);
                    paid.executed.push(executed);
                    paid.operations.push(disk.operations());
                }
                Err(_) => break,
            }
        }
        // A node whose disk has failed says so.
        let _ = node.stop().await;
        paid
    })
}

/// Starts from what is found, and looks at everything.
fn is_whole(disk: Arc<dyn Disk>, acknowledged: &[Arc<Executed>]) -> bool {
    catch_unwind(AssertUnwindSafe(|| {
        run(async move {
            let users = users();
            let node = Node::start(&disk, &users).unwrap();
            let reader = node.handle.reader().unwrap();
            for executed in acknowledged {
                let found = reader.transaction(&executed.digest).unwrap();
                assert_eq!(found.as_ref(), Some(&**executed));
                for change in reader.changed_objects(executed).unwrap() {
                    assert!(change.before.is_some() || change.after.is_some());
                }
            }
            // At most one more than was acknowledged had been on its way.
            let owner = OwnerKey::Address(users[1].sui_address());
            let paid = reader.owned(&owner, None, None, 100).unwrap().items.len() - 5;
            assert!((acknowledged.len()..=acknowledged.len() + 1).contains(&paid));
            check_whole(&reader);
            let coin = acknowledged.last().map(|executed| next_coin(executed));
            drop(reader);
            if let Some(coin) = coin
                && paid == acknowledged.len()
            {
                assert_eq!(node.reference(coin.object_id()), coin);
                node.ok(users[0].payment(coin, users[1].address(), 1)).await;
            }
            node.stop().await.unwrap();
        });
    }))
    .is_ok()
}

fn cuts() -> u64 {
    std::env::var("FLOE_POWER_CUTS").map_or(150, |count| count.parse().unwrap())
}

#[test]
fn what_was_acknowledged_survives_power_cuts() {
    let coin = first_coin(&users());
    let undisturbed = CrashDisk::new();
    pay(&undisturbed, coin.clone());
    let mut seen = BTreeMap::new();
    for seed in 0..cuts() {
        let cut_at = SeededRng::new(seed).u64() % (undisturbed.operations() + 1);
        let disk = CrashDisk::new();
        disk.fail_at(cut_at, Fault::PowerCut);
        let paid = pay(&disk, coin.clone());
        *seen.entry(paid.executed.len()).or_insert(0_u32) += 1;
        let found = Arc::new(disk.after_power_cut(seed));
        assert!(
            is_whole(found, &paid.executed),
            "lost after a power cut before operation {cut_at}, seed {seed}"
        );
    }
    assert!(seen.len() > 3, "cuts at all stages: {seen:?}");
}

#[test]
fn no_commit_and_no_name_is_durable_without_its_sync() {
    let coin = first_coin(&users());
    let disk = CrashDisk::new();
    disk.start_trace();
    let paid = pay(&disk, coin.clone());
    let (first, last) = (paid.operations[0], *paid.operations.last().unwrap());
    let traced = (0..).zip(disk.take_trace());
    let syncs: Vec<(u64, Traced)> = traced
        .filter(|(_, traced)| traced.operation.is_sync())
        .collect();
    let mut needed = BTreeSet::new();
    for (number, (at, traced)) in (0..).zip(&syncs) {
        let names_the_ledger = traced.operation == Operation::SyncDir;
        if !names_the_ledger && !(first..last).contains(at) {
            // The database's own, while it has no name yet, is opened, or is closed: each of them is
            // followed by another before anything is acknowledged.
            continue;
        }
        // What is lost shows in a cut at one of the next syncs: soon one of them acknowledges
        // something, and later ones make up for what was left out.
        let next = syncs.iter().map(|(at, _)| *at).filter(|next| next > at);
        let loses = next.chain([disk.operations()]).take(6).any(|cut_at| {
            let disk = CrashDisk::new();
            disk.elide_sync(number);
            disk.fail_at(cut_at, Fault::PowerCut);
            let paid = pay(&disk, coin.clone());
            (0..6).any(|seed| !is_whole(Arc::new(disk.after_power_cut(seed)), &paid.executed))
        });
        if loses {
            needed.insert(*at);
        }
    }
    // The name, once; and of the syncs of each commit (the database has some for its own repair,
    // too) the one that the acknowledgement waits for.
    assert!(needed.range(..first).next().is_some(), "{needed:?}");
    for commit in paid.operations.windows(2) {
        let acknowledging = needed.range(commit[0]..commit[1]).next();
        assert!(acknowledging.is_some(), "{commit:?} in {needed:?}");
    }
}

#[test]
fn a_failing_disk_is_told_and_not_written_again() {
    let (disk, shared) = crash_disk();
    run(async {
        let users = users();
        let node = Node::start(&shared, &users).unwrap();
        let coins = node.coins(&users[0]);
        node.ok(users[0].payment(coins[0].clone(), users[1].address(), 1))
            .await;
        for later in 0..20 {
            disk.fail_at(disk.operations() + later, Fault::Io);
        }
        let refused = node
            .submit(users[0].payment(coins[1].clone(), users[1].address(), 1))
            .await;
        assert!(refused.is_err());
        let again = node
            .submit(users[0].payment(coins[2].clone(), users[1].address(), 1))
            .await;
        assert!(again.is_err());
        assert!(node.stop().await.is_err());
    });
}
