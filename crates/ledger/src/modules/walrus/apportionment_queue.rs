//! `walrus::apportionment_queue`: who gets the next shard (`docs/spec/economics.md` §6).
//!
//! Pairs of quotient and tie breaker are unique, so that any queue pops them in one order. Inside
//! the ledger it is a heap; the public functions, which are generic, work on the list that a
//! transaction holds.

use std::{cmp::Ordering, collections::BinaryHeap};

use sui_sdk_types::TypeTag;

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
    value::{Slot, walk},
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "apportionment_queue");
const E_POP_FROM_EMPTY_HEAP: u64 = 0;

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("new", new_fn),
        ("pop_max", pop_max_fn),
        ("insert", insert_fn),
    ],
);

/// A queue of values; the greatest quotient comes first, of equal ones the greatest tie breaker.
#[derive(Debug)]
pub(crate) struct ApportionmentQueue<T>(BinaryHeap<Entry<T>>);

#[derive(Debug)]
struct Entry<T> {
    /// 64.64 fixed point.
    priority: u128,
    tie_breaker: u64,
    value: T,
}

impl<T> ApportionmentQueue<T> {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self(BinaryHeap::new())
    }

    /// Adds a value; `priority` is 64.64 fixed point.
    pub(crate) fn insert(&mut self, priority: u128, tie_breaker: u64, value: T) {
        self.0.push(Entry {
            priority,
            tie_breaker,
            value,
        });
    }

    /// Removes the first value, with its tie breaker.
    ///
    /// # Errors
    /// Aborts with `apportionment_queue` 0 if there is none.
    pub(crate) fn pop_max(&mut self) -> Result<(u64, T), Failure> {
        let entry = self.0.pop().ok_or_else(empty)?;
        Ok((entry.tie_breaker, entry.value))
    }
}

impl<T> Entry<T> {
    const fn rank(&self) -> (u128, u64) {
        (self.priority, self.tie_breaker)
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

fn empty() -> Failure {
    MODULE.abort("pop_max", E_POP_FROM_EMPTY_HEAP)
}

fn new_fn(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    call.ret_slot(Slot::from_bytes(walk::join(&[[]; 0])));
    Ok(())
}

fn insert_fn(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut entries = entries(call)?;
    entries.push(Entry {
        priority: *call.args.read::<u128>(1)?,
        tie_breaker: *call.args.read::<u64>(2)?,
        value: call.args.bytes(3)?,
    });
    put_back(call, &entries)
}

fn pop_max_fn(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let mut entries = entries(call)?;
    let (index, _) = entries
        .iter()
        .enumerate()
        .max_by_key(|(_, entry)| entry.rank())
        .ok_or_else(empty)?;
    let first = entries.swap_remove(index);
    put_back(call, &entries)?;
    call.ret(first.priority);
    call.ret(first.tie_breaker);
    call.ret_slot(Slot::from_bytes(first.value));
    Ok(())
}

fn entries(call: &Call<'_, '_>) -> Result<Vec<Entry<Vec<u8>>>, Failure> {
    let broken = || Failure::invariant("not a queue");
    let value_tag: &TypeTag = call.type_arg(0)?;
    let bytes = call.args.bytes(0)?;
    let (len, mut rest) = walk::length(&bytes).ok_or_else(broken)?;
    let mut entries = Vec::with_capacity(len.min(rest.len()));
    for _ in 0..len {
        let (priority, after) = rest.split_first_chunk().ok_or_else(broken)?;
        let (tie_breaker, after) = after.split_first_chunk().ok_or_else(broken)?;
        let (value, after) = walk::split_first(value_tag, after)?;
        entries.push(Entry {
            priority: u128::from_le_bytes(*priority),
            tie_breaker: u64::from_le_bytes(*tie_breaker),
            value: value.to_vec(),
        });
        rest = after;
    }
    Ok(entries)
}

fn put_back(call: &Call<'_, '_>, entries: &[Entry<Vec<u8>>]) -> Result<(), Failure> {
    let encoded: Vec<Vec<u8>> = entries
        .iter()
        .map(|entry| {
            let mut bytes = entry.priority.to_le_bytes().to_vec();
            bytes.extend(entry.tie_breaker.to_le_bytes());
            bytes.extend(&entry.value);
            bytes
        })
        .collect();
    call.args.replace_bytes(0, walk::join(&encoded))
}
