//! Every abort of the staking side of `walrus`, by module, function and code: reached by a
//! transaction, or listed with the reason why none can (`docs/spec/contracts.md` §8.1). Most of
//! those are tested beside the code that guards them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

mod aborts;
mod network;
#[path = "staking_aborts/stuck.rs"]
mod stuck;
mod support;
#[path = "staking_aborts/unreachable.rs"]
mod unreachable;

use std::collections::{BTreeMap, BTreeSet};

use floe_core::{ObjectId, SuiAddress};
use network::{
    Abort, DAY_MS, Network, Options, Tx, WAL, account_of_publisher, node_owner,
    nodes::{Candidate, proof},
};
use sui_sdk_types::{Argument, TypeTag};

/// Where it aborts, and how to get there.
type Case = (&'static str, fn(&mut Network) -> Abort);

const UNKNOWN: ObjectId = ObjectId([0xee; 32]);

fn network() -> Network {
    Network::new(&Options {
        stakes: vec![1000; 4],
        n_shards: 10,
        users: 2,
        candidates: 2,
        ..Options::default()
    })
}

fn check(cases: &[Case]) {
    let base = network();
    for (expected, reach) in cases {
        let Abort {
            module,
            function,
            code,
        } = reach(&mut base.clone());
        assert_eq!(format!("{module}::{function} {code}"), *expected);
    }
}

#[test]
fn nodes() {
    check(NODES);
}

#[test]
fn stakes() {
    check(STAKES);
}

#[test]
fn epochs() {
    check(EPOCHS);
}

#[test]
fn governance() {
    check(GOVERNANCE);
}

#[test]
fn every_place_is_reached_or_explained() {
    let cases = [NODES, STAKES, EPOCHS, GOVERNANCE];
    let reached: BTreeSet<&str> = cases.into_iter().flatten().map(|case| case.0).collect();
    let explained = unreachable::UNREACHABLE.iter();
    let explained = explained.map(|(place, reason)| ((*place).to_owned(), *reason));
    aborts::assert_complete(
        &aborts::places(false),
        |place| reached.contains(place.short().as_str()),
        &explained.collect::<BTreeMap<_, _>>(),
    );
}

/// Aborts as a user without rights.
fn user(network: &mut Network, write: impl FnOnce(&mut Tx<'_>)) -> Abort {
    network.abort(network.users[0], write)
}

/// Aborts as the owner of node 0, with its cap.
fn owner(network: &mut Network, write: impl FnOnce(&mut Tx<'_>, ObjectId)) -> Abort {
    let node = network.nodes[0].clone();
    network.abort(node.owner, |tx| write(tx, node.cap))
}

fn register(network: &mut Network, change: impl FnOnce(&mut Candidate)) -> Abort {
    let sender = node_owner(4);
    let mut candidate = Candidate::new(4, 1, sender);
    change(&mut candidate);
    network.abort(sender, |tx| {
        tx.register_candidate(&candidate);
    })
}

/// A stake of the first user that is active.
fn active_stake(network: &mut Network, wal: u64) -> ObjectId {
    let (user, node) = (network.users[0], network.nodes[0].node_id);
    let stake = network.stake(user, node, wal * WAL);
    network.next_epoch();
    stake
}

const NODES: &[Case] = &[
    ("messages::new_proof_of_possession_msg 6", |n| {
        register(n, |c| c.public_key.truncate(47))
    }),
    ("staking_pool::new 4", |n| {
        register(n, |c| {
            c.proof = proof(&network::node_key(4), 0, node_owner(4))
        })
    }),
    ("staking_pool::new 4", |n| {
        register(n, |c| {
            c.proof = proof(&network::node_key(4), 1, node_owner(5))
        })
    }),
    ("staking_pool::new 4", |n| {
        register(n, |c| {
            c.proof = proof(&network::node_key(5), 1, node_owner(4))
        })
    }),
    ("staking_pool::new 4", |n| {
        register(n, |c| c.proof.truncate(95))
    }),
    ("staking_pool::new 4", |n| {
        register(n, |c| c.public_key = vec![0xff; 48])
    }),
    ("staking_pool::new 17", |n| {
        register(n, |c| {
            c.name = "n".repeat(101);
            c.network_address = "a".repeat(260);
        })
    }),
    ("staking_pool::new 16", |n| {
        register(n, |c| {
            c.network_address = "a".repeat(260);
            c.commission_rate = 10_001;
        })
    }),
    ("staking_pool::new 14", |n| {
        register(n, |c| {
            c.commission_rate = 10_001;
            c.network_public_key.push(0);
        })
    }),
    ("storage_node::new 0", |n| {
        register(n, |c| c.network_public_key.push(0))
    }),
    ("staking_pool::set_next_commission 14", |n| {
        owner(n, |tx, cap| {
            tx.by_cap("set_next_commission", cap, &10_001_u16);
        })
    }),
    ("staking_pool::set_name 17", |n| {
        owner(n, |tx, cap| {
            tx.by_cap("set_name", cap, &"n".repeat(101));
        })
    }),
    ("staking_pool::set_network_address 16", |n| {
        owner(n, |tx, cap| {
            tx.by_cap("set_network_address", cap, &"a".repeat(260));
        })
    }),
    ("storage_node::set_network_public_key 0", |n| {
        owner(n, |tx, cap| {
            tx.by_cap("set_network_public_key", cap, &vec![2_u8; 32]);
        })
    }),
    ("messages::new_proof_of_possession_msg 6", |n| {
        owner(n, |tx, cap| {
            tx.set_key(cap, &[1; 49], &[]);
        })
    }),
    ("staking_pool::set_next_public_key 4", |n| {
        owner(n, |tx, cap| {
            let key = network::node_key(9);
            let another = proof(&key, 1, node_owner(1));
            tx.set_key(cap, &key.public_key().to_bytes(), &another);
        })
    }),
    ("staking_pool::collect_commission 15", |n| {
        let node = n.nodes[0].node_id;
        n.abort(n.nodes[0].owner, |tx| {
            // The receiver is the cap, not its owner.
            let auth = tx.sender_auth();
            let arguments = [tx.staking(), tx.pure(&node), auth];
            tx.walrus("staking::collect_commission", &arguments);
        })
    }),
    ("staking_pool::set_commission_receiver 15", |n| {
        authorize(n, "set_commission_receiver")
    }),
    ("staking_pool::set_governance_authorized 15", |n| {
        authorize(n, "set_governance_authorized")
    }),
];

/// A user makes itself the one in charge of a node.
fn authorize(network: &mut Network, function: &str) -> Abort {
    let node = network.nodes[0].node_id;
    user(network, |tx| {
        let auth = tx.sender_auth();
        let sender = tx.sender;
        let sender = tx.pure(&sender);
        let new = tx.walrus("auth::authorized_address", &[sender]);
        let arguments = [tx.staking(), tx.pure(&node), auth, new];
        tx.walrus(&format!("staking::{function}"), &arguments);
    })
}

const STAKES: &[Case] = &[
    ("staking_pool::stake 7", |n| {
        let node = n.nodes[0].node_id;
        user(n, |tx| tx.stake(node, 0))
    }),
    ("staked_wal::mint 7", |n| {
        let node = n.nodes[0].node_id;
        user(n, |tx| tx.stake(node, WAL - 1))
    }),
    ("staking_pool::request_withdraw_stake 8", |n| {
        let stake = active_stake(n, 1);
        n.ok(n.users[0], |tx| tx.request_withdraw(stake));
        user(n, |tx| tx.request_withdraw(stake))
    }),
    // Not yet counted for any committee.
    ("staking_pool::request_withdraw_stake 13", |n| {
        let stake = n.stake(n.users[0], n.nodes[0].node_id, WAL);
        user(n, |tx| tx.request_withdraw(stake))
    }),
    // The node is in no committee: there is nothing to wait for.
    ("staking_pool::request_withdraw_stake 13", |n| {
        let node = n.register_next().node_id;
        let stake = n.stake(n.users[0], node, WAL);
        n.next_epoch();
        user(n, |tx| tx.request_withdraw(stake))
    }),
    ("staking_pool::withdraw_stake 10", |n| {
        let stake = active_stake(n, 1);
        user(n, |tx| tx.withdraw(stake))
    }),
    ("staking_pool::withdraw_stake 11", |n| {
        let stake = active_stake(n, 1);
        n.ok(n.users[0], |tx| tx.request_withdraw(stake));
        user(n, |tx| tx.withdraw(stake))
    }),
    ("staked_wal::withdraw_epoch 0", |n| {
        let stake = active_stake(n, 1);
        user(n, |tx| {
            let stake = tx.object(stake);
            tx.walrus("staked_wal::withdraw_epoch", &[stake]);
        })
    }),
    ("staked_wal::split 2", |n| split(n, 2, 2 * WAL)),
    ("staked_wal::split 2", |n| split(n, 2, 3 * WAL)),
    ("staked_wal::split 7", |n| split(n, 2, WAL + 1)),
    ("staked_wal::split 7", |n| split(n, 2, WAL - 1)),
    ("staked_wal::join 1", |n| {
        let (user, nodes) = (n.users[0], n.nodes.clone());
        let (one, two) = (
            n.stake(user, nodes[0].node_id, WAL),
            n.stake(user, nodes[1].node_id, WAL),
        );
        join(n, one, two)
    }),
    ("staked_wal::join 1", |n| {
        let one = active_stake(n, 1);
        let two = n.stake(n.users[0], n.nodes[0].node_id, WAL);
        join(n, one, two)
    }),
    ("staked_wal::join 1", |n| {
        let (user, node) = (n.users[0], n.nodes[0].node_id);
        let two = n.stake(user, node, WAL);
        let one = active_stake(n, 1);
        n.ok(user, |tx| tx.request_withdraw(two));
        join(n, one, two)
    }),
    // Withdrawn in different epochs.
    ("staked_wal::join 1", |n| {
        let (user, node) = (n.users[0], n.nodes[0].node_id);
        let two = n.stake(user, node, WAL);
        let one = active_stake(n, 1);
        n.ok(user, |tx| tx.request_withdraw(two));
        n.voting_end();
        n.ok(user, |tx| tx.request_withdraw(one));
        join(n, one, two)
    }),
    ("staking_inner::calculate_rewards 8", |n| {
        user(n, |tx| {
            let arguments = [
                tx.staking(),
                tx.pure(&UNKNOWN),
                tx.pure(&WAL),
                tx.pure(&0_u32),
                tx.pure(&1_u32),
            ];
            tx.walrus("staking::calculate_rewards", &arguments);
        })
    }),
    (
        "staking_inner::add_commission_to_pools 9223372036854775808",
        |n| {
            let node = n.nodes[0].node_id;
            user(n, |tx| {
                let none = tx.balances(Vec::new());
                let arguments = [tx.staking(), tx.pure(&vec![node]), none];
                tx.walrus("staking::add_commission_to_pools", &arguments);
            })
        },
    ),
];

fn split(network: &mut Network, wal: u64, amount: u64) -> Abort {
    let stake = network.stake(network.users[0], network.nodes[0].node_id, wal * WAL);
    user(network, |tx| {
        let arguments = [tx.object(stake), tx.pure(&amount)];
        let part = tx.walrus("staked_wal::split", &arguments);
        tx.keep(part);
    })
}

fn join(network: &mut Network, one: ObjectId, two: ObjectId) -> Abort {
    user(network, |tx| {
        let arguments = [tx.object(one), tx.object(two)];
        tx.walrus("staked_wal::join", &arguments);
    })
}

const EPOCHS: &[Case] = &[
    ("staking_inner::voting_end 0", |n| {
        n.advance_clock(DAY_MS / 2 - 1);
        user(n, |tx| tx.voting_end())
    }),
    ("staking_inner::voting_end 0", |n| {
        n.voting_end();
        user(n, |tx| tx.voting_end())
    }),
    ("staking_inner::voting_end 0", |n| {
        n.voting_end();
        n.change_epoch();
        n.advance_clock(DAY_MS);
        user(n, |tx| tx.voting_end())
    }),
    ("staking_inner::dhondt 3", |n| {
        leave_all(n);
        n.advance_clock(DAY_MS);
        user(n, |tx| tx.voting_end())
    }),
    ("staking_inner::dhondt 3", |n| {
        leave_all(n);
        user(n, |tx| {
            let staking = tx.staking();
            tx.walrus("staking::compute_next_committee", &[staking]);
        })
    }),
    ("staking_inner::next_bls_committee 6", |n| {
        n.advance_clock(2 * DAY_MS);
        user(n, |tx| tx.change_epoch())
    }),
    ("staking_inner::initiate_epoch_change 0", |n| {
        n.voting_end();
        n.advance_clock(DAY_MS / 2 - 1);
        user(n, |tx| tx.change_epoch())
    }),
    ("staking::initiate_epoch_change 2", |n| {
        user(n, |tx| {
            let arguments = [tx.staking(), tx.system(), tx.clock()];
            tx.walrus("staking::initiate_epoch_change", &arguments);
        })
    }),
    ("staking_inner::epoch_sync_done 1", |n| sync(n, 0, 2)),
    ("staking_inner::epoch_sync_done 1", |n| sync(n, 0, 0)),
    ("staking_inner::epoch_sync_done 2", |n| sync(n, 0, 1)),
    ("staking_inner::epoch_sync_done 4", |n| {
        n.register_next();
        sync(n, 4, 1)
    }),
    ("apportionment_queue::pop_max 0", |n| {
        user(n, |tx| {
            let package = floe_ledger::address(tx.network.ids.walrus_package);
            let path = |function| format!("{package}::apportionment_queue::{function}");
            let queue = tx.ptb.call(&path("new"), &[TypeTag::U64], &[]);
            tx.ptb.call(&path("pop_max"), &[TypeTag::U64], &[queue]);
        })
    }),
    // With 20 nodes none may hold more than a tenth of the shards, which here is nothing.
    ("apportionment_queue::pop_max 0", |n| {
        *n = Network::new(&Options {
            stakes: vec![1000; 4],
            n_shards: 9,
            candidates: 16,
            ..Options::default()
        });
        for _ in 0..16 {
            let node = n.register_next().node_id;
            n.stake(n.users[0], node, WAL);
        }
        n.advance_clock(DAY_MS);
        user(n, |tx| tx.voting_end())
    }),
    ("staking_pool::process_pending_stake 1", |n| {
        stuck::make_stakes_worth_more_than_their_pool(n);
        user(n, |tx| tx.change_epoch())
    }),
    ("init::migrate 2", |n| migrate(n, "migrate")),
    ("staking::migrate 0", |n| migrate(n, "migrate_v2")),
    ("staking::set_migration_epoch 0", |n| {
        user(n, |tx| {
            let staking = tx.staking();
            tx.walrus("staking::set_migration_epoch", &[staking]);
        })
    }),
];

fn sync(network: &mut Network, node: usize, epoch: u32) -> Abort {
    let node = network.nodes[node].clone();
    network.abort(node.owner, |tx| tx.sync_done(&node, epoch))
}

/// All stake of genesis asks to leave.
fn leave_all(network: &mut Network) {
    for (index, node) in network.ids.nodes.clone().into_iter().enumerate() {
        network.ok(node_owner(index), |tx| {
            tx.request_withdraw(node.staked_wal.unwrap())
        });
    }
}

fn migrate(network: &mut Network, function: &str) -> Abort {
    user(network, |tx| {
        let arguments = [tx.staking(), tx.system()];
        tx.walrus(&format!("init::{function}"), &arguments);
    })
}

const GOVERNANCE: &[Case] = &[
    ("slashing::vote_for_slashing 0", |n| {
        let node = n.nodes[0].node_id;
        user(n, |tx| tx.vote_slash(node, node))
    }),
    ("staking_inner::get_current_node_weight 4", |n| {
        let node = n.register_next();
        n.abort(node.owner, |tx| tx.vote_slash(node.node_id, UNKNOWN))
    }),
    ("slashing::add_vote 1", |n| {
        vote_slash(n, 1);
        let node = n.nodes[0].clone();
        n.abort(node.owner, |tx| tx.vote_slash(node.node_id, UNKNOWN))
    }),
    ("slashing::execute_slashing 2", |n| {
        user(n, |tx| tx.slash(UNKNOWN))
    }),
    ("slashing::execute_slashing 3", |n| {
        vote_slash(n, 4);
        n.next_epoch();
        user(n, |tx| tx.slash(UNKNOWN))
    }),
    ("slashing::execute_slashing 4", |n| {
        vote_slash(n, 2);
        user(n, |tx| tx.slash(UNKNOWN))
    }),
    ("upgrade::vote_for_upgrade 1", |n| {
        let node = n.nodes[0].node_id;
        user(n, |tx| tx.vote_upgrade(node, &[1; 31]))
    }),
    ("staking_inner::get_current_node_weight 4", |n| {
        let node = n.register_next();
        n.abort(node.owner, |tx| tx.vote_upgrade(node.node_id, &[1; 31]))
    }),
    ("upgrade::vote_for_upgrade 3", |n| {
        let node = n.nodes[0].clone();
        n.abort(node.owner, |tx| tx.vote_upgrade(node.node_id, &[1; 31]))
    }),
    ("upgrade::add_vote 2", |n| {
        vote_upgrade(n, 1);
        let node = n.nodes[0].clone();
        n.abort(node.owner, |tx| tx.vote_upgrade(node.node_id, &[1; 32]))
    }),
    ("upgrade::authorize_upgrade 3", |n| {
        authorize_upgrade(n, &[1; 33])
    }),
    ("upgrade::authorize_upgrade 4", |n| {
        authorize_upgrade(n, &[1; 32])
    }),
    ("upgrade::authorize_upgrade 5", |n| {
        vote_upgrade(n, 4);
        n.next_epoch();
        authorize_upgrade(n, &[1; 32])
    }),
    ("upgrade::authorize_upgrade 6", |n| {
        vote_upgrade(n, 2);
        authorize_upgrade(n, &[1; 32])
    }),
    ("package::authorize_upgrade 2", |n| {
        vote_upgrade(n, 4);
        let cap = n.ids.emergency_upgrade_cap;
        n.abort(account_of_publisher(), |tx| {
            emergency(tx, cap);
            tx.authorize_upgrade(&[1; 32]);
        })
    }),
    ("upgrade::cleanup_upgrade_proposals 3", |n| {
        user(n, |tx| tx.cleanup_upgrades(&[vec![1]]))
    }),
];

fn vote_slash(network: &mut Network, voters: usize) {
    for index in 0..voters {
        let node = network.nodes[index].clone();
        network.ok(node.owner, |tx| tx.vote_slash(node.node_id, UNKNOWN));
    }
}

fn vote_upgrade(network: &mut Network, voters: usize) {
    for index in 0..voters {
        let node = network.nodes[index].clone();
        network.ok(node.owner, |tx| tx.vote_upgrade(node.node_id, &[1; 32]));
    }
}

fn authorize_upgrade(network: &mut Network, digest: &[u8]) -> Abort {
    user(network, |tx| {
        tx.authorize_upgrade(digest);
    })
}

fn emergency(tx: &mut Tx<'_>, cap: ObjectId) -> Argument {
    let arguments = [
        tx.object(tx.network.ids.upgrade_manager),
        tx.object(cap),
        // The length is not checked.
        tx.pure(&vec![1_u8; 5]),
    ];
    tx.walrus("upgrade::authorize_emergency_upgrade", &arguments)
}

/// Looking up a pool comes before all other checks.
#[test]
fn an_unknown_node_is_a_missing_field() {
    const MISSING: &str = "dynamic_field::borrow_child_object_mut 1";
    const MISSING_READ: &str = "dynamic_field::borrow_child_object 1";
    let base = network();
    let found = |abort: Abort| {
        let place = format!("{}::{} {}", abort.module, abort.function, abort.code);
        assert!([MISSING, MISSING_READ].contains(&place.as_str()), "{place}");
    };
    let sender: SuiAddress = base.users[0];
    found(base.clone().abort(sender, |tx| tx.stake(UNKNOWN, 0)));
    found(
        base.clone()
            .abort(sender, |tx| tx.vote_slash(UNKNOWN, UNKNOWN)),
    );
    found(
        base.clone()
            .abort(sender, |tx| tx.vote_upgrade(UNKNOWN, &[])),
    );
    found(
        base.clone()
            .abort(sender, |tx| tx.add_commission(UNKNOWN, 1)),
    );
    found(base.clone().abort(sender, |tx| {
        let arguments = [tx.staking(), tx.pure(&UNKNOWN)];
        tx.walrus("staking::node_metadata", &arguments);
    }));
    for function in ["set_commission_receiver", "set_governance_authorized"] {
        found(base.clone().abort(sender, |tx| {
            let auth = tx.sender_auth();
            let id = tx.pure(&UNKNOWN);
            let new = tx.walrus("auth::authorized_object", &[id]);
            let arguments = [tx.staking(), id, auth, new];
            tx.walrus(&format!("staking::{function}"), &arguments);
        }));
    }
    found(base.clone().abort(sender, |tx| {
        let auth = tx.staking_auth();
        let arguments = [tx.staking(), tx.pure(&UNKNOWN), auth];
        tx.walrus("staking::collect_commission", &arguments);
    }));
    // A quorum may vote against a node that does not exist; burning its commission fails.
    let mut network = base;
    vote_slash(&mut network, 4);
    found(network.abort(sender, |tx| tx.slash(UNKNOWN)));
}
