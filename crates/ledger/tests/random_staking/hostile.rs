//! Calls that must be refused, and leave everything but the gas as it was.

use floe_core::SuiAddress;
use floe_ledger::{Failure, SimulateOptions, simulate};
use proptest::{prelude::*, sample::Index};
use sui_sdk_types::{Input, ObjectReference};

use super::{Run, UNKNOWN};
use crate::{
    network::{Tx, WAL, abort_of, account_of_publisher, storage::MIB},
    support,
};

/// What a hostile call is made of.
#[derive(Clone, Debug)]
pub(super) struct Pick {
    call: Index,
    node: Index,
    stake: Index,
    amount: u64,
}

pub(super) fn pick() -> impl Strategy<Value = Pick> {
    let amount = prop_oneof![
        Just(0),
        Just(1),
        Just(WAL - 1),
        Just(1 << 63),
        Just(u64::MAX - 1),
        Just(u64::MAX),
        any::<u64>(),
    ];
    let indices = (any::<Index>(), any::<Index>(), any::<Index>());
    (indices, amount).prop_map(|((call, node, stake), amount)| Pick {
        call,
        node,
        stake,
        amount,
    })
}

/// Who calls.
#[derive(Clone, Copy)]
enum Who {
    User,
    /// The owner of the picked node.
    Owner,
}

type Write = fn(&Run, &mut Tx<'_>, &Pick);

/// The aborts that are due (`module code`; `vm` for arithmetic, `coin` for a coin that is too
/// small), and the call.
const CALLS: &[(&[&str], Who, Write)] = &[
    // Rights of others.
    (&["staking_pool 15"], Who::User, |run, tx, pick| {
        let auth = tx.sender_auth();
        let arguments = [tx.staking(), tx.pure(&run.own(pick.node).node_id), auth];
        let coin = tx.walrus("staking::collect_commission", &arguments);
        tx.keep(coin);
    }),
    (&["staking_pool 15"], Who::User, |run, tx, pick| {
        take_over(run, tx, pick, "staking::set_commission_receiver");
    }),
    (&["staking_pool 15"], Who::User, |run, tx, pick| {
        take_over(run, tx, pick, "staking::set_governance_authorized");
    }),
    (&["slashing 0"], Who::User, |run, tx, pick| {
        tx.vote_slash(run.own(pick.node).node_id, UNKNOWN);
    }),
    (&["upgrade 1"], Who::User, |run, tx, pick| {
        tx.vote_upgrade(run.own(pick.node).node_id, &[1; 32]);
    }),
    // Votes that are not there.
    (
        &["slashing 2", "slashing 3", "slashing 4", "dynamic_field 1"],
        Who::User,
        |_, tx, _| tx.slash(UNKNOWN),
    ),
    (&["upgrade 4"], Who::User, |_, tx, _| {
        tx.authorize_upgrade(&[0xdd; 32]);
    }),
    (&["upgrade 3"], Who::User, |_, tx, _| {
        tx.authorize_upgrade(&[0xdd; 31]);
    }),
    // Other times.
    (&["staking_inner 1"], Who::Owner, |run, tx, pick| {
        let node = run.own(pick.node);
        tx.sync_done(&node, run.net.epoch() ^ 1);
    }),
    (
        &["staking_inner 1", "staking_inner 2", "staking_inner 4"],
        Who::Owner,
        |run, tx, pick| {
            let node = run.own(pick.node);
            tx.sync_done(&node, u32::MAX);
        },
    ),
    (&["staking 2"], Who::User, |_, tx, _| {
        let arguments = [tx.staking(), tx.system(), tx.clock()];
        tx.walrus("staking::initiate_epoch_change", &arguments);
    }),
    (&["init 2"], Who::User, |_, tx, _| {
        let arguments = [tx.staking(), tx.system()];
        tx.walrus("init::migrate", &arguments);
    }),
    (&["staking 0"], Who::User, |_, tx, _| {
        let arguments = [tx.staking(), tx.system()];
        tx.walrus("init::migrate_v2", &arguments);
    }),
    // Absurd amounts.
    (
        &["coin", "staking_pool 7", "staked_wal 7", "dynamic_field 1"],
        Who::User,
        |_, tx, pick| tx.stake(UNKNOWN, pick.amount),
    ),
    (
        &["coin", "staking_pool 7", "staked_wal 7"],
        Who::User,
        |run, tx, pick| {
            let frost = if pick.amount < WAL {
                pick.amount
            } else {
                u64::MAX
            };
            tx.stake(run.own(pick.node).node_id, frost);
        },
    ),
    (&["system_state_inner 2"], Who::User, |_, tx, pick| {
        let storage = tx.reserve(pick.amount, 0);
        tx.keep(storage);
    }),
    (&["system_state_inner 2"], Who::User, |_, tx, pick| {
        let storage = tx.reserve(pick.amount, u32::MAX);
        tx.keep(storage);
    }),
    (&["system_state_inner 2"], Who::User, |_, tx, _| {
        let storage = tx.reserve_for(MIB, u32::MAX - 1, u32::MAX);
        tx.keep(storage);
    }),
    (
        &[
            "balance 2",
            "system_state_inner 1",
            "system_state_inner 11",
            "vm",
        ],
        Who::User,
        |_, tx, pick| {
            let bytes = if pick.amount > 1 << 50 {
                pick.amount
            } else {
                0
            };
            let storage = tx.reserve(bytes, 1);
            tx.keep(storage);
        },
    ),
    (&["system_state_inner 2"], Who::User, |_, tx, pick| {
        let epochs = if pick.amount == 0 { 0 } else { u32::MAX };
        let (system, coin, epochs) = (tx.system(), tx.wal(1), tx.pure(&epochs));
        tx.walrus("system::add_subsidy", &[system, coin, epochs]);
    }),
    (&["staking_pool 14"], Who::Owner, |run, tx, pick| {
        let cap = run.own(pick.node).cap;
        tx.by_cap("set_next_commission", cap, &u16::MAX);
    }),
    (&["staking_inner 8"], Who::User, |_, tx, pick| {
        let arguments = [
            tx.staking(),
            tx.pure(&UNKNOWN),
            tx.pure(&pick.amount),
            tx.pure(&u32::MAX),
            tx.pure(&0_u32),
        ];
        tx.walrus("staking::calculate_rewards", &arguments);
    }),
    (&["coin"], Who::User, |run, tx, pick| {
        tx.add_commission(run.own(pick.node).node_id, u64::MAX);
    }),
];

fn take_over(run: &Run, tx: &mut Tx<'_>, pick: &Pick, path: &str) {
    let sender = tx.sender;
    let (auth, me) = (tx.sender_auth(), tx.pure(&sender));
    let me = tx.walrus("auth::authorized_address", &[me]);
    let arguments = [tx.staking(), tx.pure(&run.own(pick.node).node_id), auth, me];
    tx.walrus(path, &arguments);
}

impl Run {
    pub(super) fn hostile(&mut self, pick: &Pick) {
        if pick.call.index(4) == 0 {
            return self.foreign_and_stale(pick);
        }
        let (due, who, write) = CALLS[pick.call.index(CALLS.len())];
        let sender = match who {
            Who::User => self.user,
            Who::Owner => self.own(pick.node).owner,
        };
        let transaction = self.net.transaction(sender, |tx| write(self, tx, pick));
        let outcome = self.net.execute(&transaction);
        let got = match (abort_of(&outcome), &outcome.failure) {
            (Some(abort), _) => format!("{} {}", abort.module, abort.code),
            (None, Some(Failure::Fault { .. })) => "vm".to_owned(),
            (None, Some(Failure::Execution { .. })) => "coin".to_owned(),
            (None, other) => panic!("not refused: {other:?} instead of {due:?}"),
        };
        assert!(due.contains(&got.as_str()), "{got} instead of {due:?}");
        // Only gas is paid; shared objects get a new version.
        for (id, object) in &outcome.writes.objects {
            let object = object.as_ref().unwrap().as_struct().unwrap();
            if object.object_type().is_coin() != Some(&support::sui()) {
                let before = outcome.before[id].as_struct().unwrap();
                assert_eq!(object.contents(), before.contents(), "{id}");
            }
        }
    }

    /// Somebody else's stake, and a stake as it once was, don't even get into a transaction.
    fn foreign_and_stale(&mut self, pick: &Pick) {
        let Some(index) = self.stake(pick.stake) else {
            return;
        };
        let (id, _) = self.stakes[index];
        let thief = account_of_publisher();
        self.refused(thief, |tx| tx.withdraw(id));
        self.refused(thief, |tx| tx.request_withdraw(id));
        let now = support::reference(&self.net.object(&id));
        let before = ObjectReference::new(*now.object_id(), now.version() - 1, *now.digest());
        self.refused(self.user, |tx| {
            let stake = tx.ptb.input(Input::ImmutableOrOwned(before));
            let staking = tx.staking();
            let coin = tx.walrus("staking::withdraw_stake", &[staking, stake]);
            tx.keep(coin);
        });
    }

    fn refused(&self, sender: SuiAddress, write: impl FnOnce(&mut Tx<'_>)) {
        let transaction = self.net.transaction(sender, write);
        let (ledger, options) = (&self.net.ledger, SimulateOptions::default());
        let result = simulate(&ledger.state, &transaction, &ledger.ctx, &options);
        assert!(
            result.is_err(),
            "{:?}",
            result.map(|outcome| outcome.failure)
        );
    }
}
