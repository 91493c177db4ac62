//! Transactions that abort, with the error and its place.

mod blobs;
mod certificates;
mod funds;
mod pools;
mod storage;

use floe_core::{
    Epoch, ObjectId, SuiAddress,
    messages::{DenyListUpdate, Message, StorageConfirmation},
};
use sui_sdk_types::Argument;

use crate::{
    network::{
        Network, Tx,
        storage::{Cert, Spec},
    },
    things::{self, Things},
};

pub(crate) struct Case {
    /// `package::module::Error`.
    pub(crate) error: &'static str,
    /// The function that raises it.
    pub(crate) place: &'static str,
    pub(crate) sender: fn(&Network) -> SuiAddress,
    pub(crate) write: fn(&Things, &mut Tx<'_>),
}

const fn case(error: &'static str, place: &'static str, write: fn(&Things, &mut Tx<'_>)) -> Case {
    Case {
        error,
        place,
        sender: |network| network.users[0],
        write,
    }
}

/// A case of the first node.
const fn node_case(
    error: &'static str,
    place: &'static str,
    write: fn(&Things, &mut Tx<'_>),
) -> Case {
    Case {
        sender: |network| network.nodes[0].owner,
        ..case(error, place, write)
    }
}

/// A case of the node outside of the committee.
const fn outsider_case(
    error: &'static str,
    place: &'static str,
    write: fn(&Things, &mut Tx<'_>),
) -> Case {
    Case {
        sender: |network| network.nodes[things::OUTSIDER].owner,
        ..case(error, place, write)
    }
}

fn cap(tx: &mut Tx<'_>, node: usize) -> Argument {
    let cap = tx.network().nodes[node].cap;
    tx.object(cap)
}

/// Certifies a blob of its owner by a message.
fn certify(tx: &mut Tx<'_>, blob: ObjectId, cert: &Cert) {
    let blob = tx.object(blob);
    tx.certify(blob, cert);
}

fn certify_by(tx: &mut Tx<'_>, blob: ObjectId, body: StorageConfirmation) {
    let cert = tx.network().quorum(body);
    certify(tx, blob, &cert);
}

/// A certificate for the permanent blob, of changed bytes.
fn certify_changed(t: &Things, tx: &mut Tx<'_>, change: impl FnOnce(&mut Vec<u8>)) {
    let body = things::PERMANENT.confirmation(t.permanent);
    let mut bytes = Message::new(Epoch(2), body).to_bytes();
    change(&mut bytes);
    let cert = tx.network().quorum_bytes(bytes);
    certify(tx, t.permanent, &cert);
}

/// A certificate for the permanent blob, changed after it was signed.
fn certify_forged(t: &Things, tx: &mut Tx<'_>, change: impl FnOnce(&mut Cert)) {
    let body = things::PERMANENT.confirmation(t.permanent);
    let mut cert = tx.network().quorum(body);
    change(&mut cert);
    certify(tx, t.permanent, &cert);
}

fn certify_pooled(t: &Things, tx: &mut Tx<'_>, spec: &Spec, body: StorageConfirmation) {
    let cert = tx.network().quorum(body);
    let pool = tx.object(t.pool);
    tx.certify_pooled(pool, spec.id(), &cert);
}

fn register(tx: &mut Tx<'_>, storage: ObjectId, spec: &Spec) {
    let storage = tx.object(storage);
    let blob = tx.register(storage, spec);
    tx.keep(blob);
}

/// Registers in the pool.
fn register_pooled(t: &Things, tx: &mut Tx<'_>, spec: &Spec) {
    let pool = tx.object(t.pool);
    tx.register_pooled(pool, spec);
}

/// Calls a function of the system with a pool and one more argument.
fn on_pool(tx: &mut Tx<'_>, pool: ObjectId, path: &str, argument: Argument) -> Argument {
    let arguments = [tx.system(), tx.object(pool), argument];
    tx.walrus(path, &arguments)
}

/// As [`on_pool`], with a payment.
fn buy_for_pool(tx: &mut Tx<'_>, pool: ObjectId, path: &str, argument: Argument) {
    let arguments = [tx.system(), tx.object(pool), argument, tx.wal_coin()];
    tx.walrus(path, &arguments);
}

/// Calls a function with a node's cap and a certificate.
fn report(tx: &mut Tx<'_>, node: usize, path: &str, cert: &Cert) {
    let [signature, bitmap, message] = tx.certificate(cert);
    let arguments = [tx.system(), cap(tx, node), signature, bitmap, message];
    tx.walrus(path, &arguments);
}

fn deny_list(tx: &Tx<'_>, node: usize, sequence_number: u64) -> Cert {
    tx.network().quorum(DenyListUpdate {
        node_id: tx.network().nodes[node].node_id,
        sequence_number,
        size: 1,
        root: [1; 32],
    })
}

fn exchange(tx: &mut Tx<'_>, function: &str, arguments: &[Argument]) -> Argument {
    let path = format!("wal_exchange::{function}");
    tx.contract("wal_exchange", &path, arguments)
}

fn subsidies(tx: &mut Tx<'_>, function: &str, arguments: &[Argument]) -> Argument {
    tx.contract("subsidies", &format!("subsidies::{function}"), arguments)
}

fn walrus_subsidies(tx: &mut Tx<'_>, function: &str, arguments: &[Argument]) -> Argument {
    let path = format!("walrus_subsidies::{function}");
    tx.contract("walrus_subsidies", &path, arguments)
}

/// Sells all that is left of an epoch in which nothing else is sold.
fn sell_out(tx: &mut Tx<'_>, epoch: u32) {
    let capacity = tx.network().system().total_capacity_size;
    let storage = tx.reserve_for(capacity, epoch, epoch + 1);
    tx.keep(storage);
}

pub(crate) const CASES: [&[Case]; 5] = [
    blobs::CASES,
    certificates::CASES,
    funds::CASES,
    pools::CASES,
    storage::CASES,
];
