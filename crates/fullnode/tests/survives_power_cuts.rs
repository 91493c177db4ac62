//! What was acknowledged is there after every power cut, and each sync is needed for that.
//!
//! `FLOE_POWER_CUTS` sets the number of cuts tried; `cargo xtask soak fullnode` tries ten thousand.

mod support;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use floe_env::{
    Disk, Rng as _,
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

/// Starts a node, making a chain if there is none, and pays until the disk fails. Returns what was
/// acknowledged.
fn pay(disk: Arc<dyn Disk>, mut coin: ObjectReference) -> Vec<Arc<Executed>> {
    run(async move {
        let users = users();
        let mut acknowledged = Vec::new();
        let Ok(node) = Node::start(&disk, &users) else {
            return acknowledged;
        };
        for _ in 0..PAYMENTS {
            let signed = users[0].payment(coin.clone(), users[1].address(), SUI);
            match node.submit(signed).await {
                Ok(executed) => {
                    coin = next_coin(&executed);
                    acknowledged.push(executed);
                }
                Err(_) => break,
            }
        }
        // A node whose disk has failed says so.
        let _ = node.stop().await;
        acknowledged
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

/// A run that is not disturbed: number of operations and the syncs among them.
fn undisturbed(coin: &ObjectReference) -> (u64, Vec<(u64, Traced)>) {
    let disk = CrashDisk::new();
    disk.start_trace();
    let acknowledged = pay(Arc::new(disk.clone()), coin.clone());
    assert_eq!(acknowledged.len() as u64, PAYMENTS);
    let trace = (0..).zip(disk.take_trace());
    let syncs = trace.filter(|(_, traced)| traced.operation.is_sync());
    (disk.operations(), syncs.collect())
}

fn cuts() -> u64 {
    std::env::var("FLOE_POWER_CUTS").map_or(150, |count| count.parse().unwrap())
}

#[test]
fn what_was_acknowledged_survives_power_cuts() {
    let coin = first_coin(&users());
    let (operations, _) = undisturbed(&coin);
    let mut seen = BTreeMap::new();
    for seed in 0..cuts() {
        let cut_at = SeededRng::new(seed).u64() % (operations + 1);
        let disk = CrashDisk::new();
        disk.fail_at(cut_at, Fault::PowerCut);
        let acknowledged = pay(Arc::new(disk.clone()), coin.clone());
        *seen.entry(acknowledged.len()).or_insert(0_u32) += 1;
        let found = Arc::new(disk.after_power_cut(seed));
        assert!(
            is_whole(found, &acknowledged),
            "lost after a power cut before operation {cut_at}, seed {seed}"
        );
    }
    assert!(seen.len() > 3, "cuts at all stages: {seen:?}");
}

#[test]
fn every_sync_counts() {
    let coin = first_coin(&users());
    let (operations, syncs) = undisturbed(&coin);
    let mut redundant = Vec::new();
    for (number, (at, traced)) in (0..).zip(&syncs) {
        // What a left out sync loses shows soonest in a cut soon after.
        let loses = (at + 1..=operations).take(24).any(|cut_at| {
            let disk = CrashDisk::new();
            disk.elide_sync(number);
            disk.fail_at(cut_at, Fault::PowerCut);
            let acknowledged = pay(Arc::new(disk.clone()), coin.clone());
            (0..4).any(|seed| !is_whole(Arc::new(disk.after_power_cut(seed)), &acknowledged))
        });
        if !loses {
            redundant.push((number, traced));
        }
    }
    // Only those of the database's orderly shutdown, at the end and at the end of its creation,
    // protect nothing that was acknowledged.
    println!("redundant: {redundant:#?} of {}", syncs.len());
    assert!(redundant.len() * 2 < syncs.len(), "{redundant:#?}");
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
