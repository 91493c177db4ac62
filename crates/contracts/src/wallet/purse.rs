//! The coins and objects of an account, and which of them are in use.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use floe_core::{
    ObjectId, SuiAddress,
    onchain::framework::{Coin, Sui},
};
use sui_sdk_types::{ObjectReference, StructTag};
use tokio::sync::Notify;

use crate::{Chain, RpcError, TransactionError, ptb::Token, state::decode_unchecked};

/// The most coins to merge for one payment.
const COINS_MAX: usize = 200;
/// Coins asked for in one call.
const PAGE_SIZE: u32 = 500;
/// How long to wait for a node that lags behind our own transactions.
pub(super) const LAG_PAUSE: std::time::Duration = std::time::Duration::from_millis(25);
pub(super) const LAG_PAUSES: u32 = 80;
/// The most coins kept in mind, the largest ones.
const KNOWN_MAX: usize = 5000;
/// The most coins looked at for those that suffice.
const LISTED_MAX: usize = 200_000;

/// A coin as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeldCoin {
    pub(super) reference: ObjectReference,
    pub(super) balance: u64,
}

/// What a transaction needs.
#[derive(Debug, Clone)]
pub(super) struct Need<'a> {
    /// Owned objects.
    pub(super) objects: Vec<ObjectId>,
    /// FROST, and the type of coins of WAL.
    pub(super) wal: Option<(u64, &'a StructTag)>,
    /// MIST that it can't do without.
    pub(super) sui_min: u64,
    /// MIST that it would like to have.
    pub(super) sui: u64,
    /// Coins that it puts together: it takes as many as it can.
    pub(super) gathers: Option<Token>,
}

/// Why a transaction does not get what it needs.
#[derive(Debug)]
pub(super) enum TakeError {
    /// There is enough, in more coins than a transaction takes: they have to be put together first.
    Scattered {
        /// Coins of what.
        token: Token,
        /// What the largest of them, as many as a transaction takes, are worth.
        most: u64,
    },
    /// There is not enough, or it can't be read.
    Final(TransactionError),
}

impl<E: Into<TransactionError>> From<E> for TakeError {
    fn from(error: E) -> Self {
        Self::Final(error.into())
    }
}

#[derive(Debug, Default)]
struct State {
    /// What was read last; empty when it has to be read again.
    coins: BTreeMap<Token, BTreeMap<ObjectId, HeldCoin>>,
    busy: BTreeSet<ObjectId>,
    /// Balances of the coins in use, as they were read.
    lent: BTreeMap<Token, BTreeMap<ObjectId, u64>>,
    /// The least versions that objects must have by now.
    versions: BTreeMap<ObjectId, u64>,
}

/// The coins and objects of an account.
#[derive(Debug)]
pub(super) struct Purse {
    address: SuiAddress,
    state: Mutex<State>,
    freed: Notify,
    /// Held while coins are read, so that many waiters cause one read.
    reading: tokio::sync::Mutex<()>,
}

/// What is in use by one transaction. Free again when dropped.
#[derive(Debug)]
pub(super) struct Held {
    purse: Arc<Purse>,
    objects: Vec<ObjectId>,
    pub(super) wal: Vec<HeldCoin>,
    pub(super) gas: Vec<HeldCoin>,
}

impl Held {
    /// The MIST at hand.
    pub(super) fn sui(&self) -> u64 {
        sum(&self.gas)
    }

    fn ids(&self) -> impl Iterator<Item = ObjectId> {
        let coins = self.wal.iter().chain(&self.gas);
        let coins = coins.map(|coin| crate::object_id(coin.reference.object_id()));
        coins.chain(self.objects.iter().copied())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.purse.lock();
        for id in self.ids() {
            state.busy.remove(&id);
            for lent in state.lent.values_mut() {
                lent.remove(&id);
            }
        }
        // Whatever has become of them, the coins are to be read again.
        state.coins.remove(&Token::Sui);
        if !self.wal.is_empty() {
            state.coins.remove(&Token::Wal);
        }
        drop(state);
        self.purse.freed.notify_waiters();
    }
}

/// Why something can't be taken now.
enum Lack {
    /// The coins have to be read first.
    Unread(Token),
    /// Somebody else has it.
    Busy,
    /// There is not enough.
    Short { token: Token, available: u64 },
    /// There is enough, in too many coins.
    Scattered { token: Token, most: u64 },
}

impl Purse {
    pub(super) fn new(address: SuiAddress) -> Self {
        Self {
            address,
            state: Mutex::default(),
            freed: Notify::new(),
            reading: tokio::sync::Mutex::new(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until all that is needed is free, and takes it.
    pub(super) async fn take(
        self: &Arc<Self>,
        chain: &Chain,
        need: &Need<'_>,
    ) -> Result<Held, TakeError> {
        let mut read = BTreeSet::new();
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            match self.try_take(need) {
                Ok(held) => return Ok(held),
                Err(Lack::Unread(token)) => {
                    self.read(chain, token, need).await?;
                    read.insert(token);
                }
                // What was read before this call may be out of date.
                Err(Lack::Short { token, .. }) if read.insert(token) => {
                    self.lock().coins.remove(&token);
                }
                Err(Lack::Short { token, available }) => {
                    return Err(self.insufficient(token, available, need).into());
                }
                Err(Lack::Scattered { token, most }) => {
                    return Err(TakeError::Scattered { token, most });
                }
                Err(Lack::Busy) => {
                    freed.await;
                    read.clear();
                }
            }
        }
    }

    fn try_take(self: &Arc<Self>, need: &Need<'_>) -> Result<Held, Lack> {
        let mut state = self.lock();
        if need.objects.iter().any(|id| state.busy.contains(id)) {
            return Err(Lack::Busy);
        }
        let wal = match need.wal {
            Some((frost, _)) => state.choose(Token::Wal, frost, frost, need.gathers)?,
            None => Vec::new(),
        };
        let gas = state.choose(Token::Sui, need.sui_min, need.sui, need.gathers)?;
        for (token, coins) in [(Token::Wal, &wal), (Token::Sui, &gas)] {
            for coin in coins {
                let id = crate::object_id(coin.reference.object_id());
                state.busy.insert(id);
                state
                    .lent
                    .entry(token)
                    .or_default()
                    .insert(id, coin.balance);
            }
        }
        state.busy.extend(&need.objects);
        Ok(Held {
            purse: self.clone(),
            objects: need.objects.clone(),
            wal,
            gas,
        })
    }

    /// Reads the account's coins of a kind, unless somebody else has just done so.
    async fn read(&self, chain: &Chain, token: Token, need: &Need<'_>) -> Result<(), RpcError> {
        let _reading = self.reading.lock().await;
        if self.lock().coins.contains_key(&token) {
            return Ok(());
        }
        let (coin_type, want) = match (token, need.wal) {
            (Token::Wal, Some((frost, wal))) => (wal.clone(), frost),
            _ => (StructTag::gas_coin(), need.sui),
        };
        for pause in 0..=LAG_PAUSES {
            let coins = self.list(chain, &coin_type, want).await?;
            if self.keep(token, coins, pause == LAG_PAUSES) {
                break;
            }
            chain.clock().sleep(LAG_PAUSE).await;
        }
        Ok(())
    }

    /// Remembers coins that were read, unless the node that gave them lags behind: it shows some
    /// as they were before our last transaction.
    fn keep(&self, token: Token, mut coins: BTreeMap<ObjectId, HeldCoin>, anyway: bool) -> bool {
        let mut state = self.lock();
        let all = coins.len();
        coins.retain(|id, coin| state.is_recent(id, coin.reference.version()));
        let keep = anyway || coins.len() == all;
        if keep {
            state.coins.insert(token, coins);
        }
        keep
    }

    /// The account's coins: all of them, or the largest ones if there are very many. Of those no more
    /// are looked at than it takes to find `want`.
    async fn list(
        &self,
        chain: &Chain,
        coin_type: &StructTag,
        want: u64,
    ) -> Result<BTreeMap<ObjectId, HeldCoin>, RpcError> {
        let mut coins = BTreeMap::new();
        let mut listed = 0;
        let mut next = None;
        loop {
            let page = chain
                .owned(self.address, coin_type, PAGE_SIZE, next)
                .await?;
            for object in &page.objects {
                let Ok(coin) = decode_unchecked::<Coin<Sui>>(object) else {
                    continue;
                };
                let held = HeldCoin {
                    reference: object.reference(),
                    balance: coin.balance,
                };
                coins.insert(object.id, held);
            }
            listed += page.objects.len();
            let enough = coins.len() >= KNOWN_MAX && keep_largest(&mut coins) >= want;
            match page.next {
                Some(token) if !enough && listed < LISTED_MAX => next = Some(token),
                _ => return Ok(coins),
            }
        }
    }

    fn insufficient(&self, token: Token, available: u64, need: &Need<'_>) -> TransactionError {
        let address = self.address;
        match token {
            Token::Sui => TransactionError::InsufficientSui {
                needed_mist: need.sui_min,
                available_mist: available,
                address,
            },
            Token::Wal => TransactionError::InsufficientWal {
                needed_frost: need.wal.map_or(0, |(frost, _)| frost),
                available_frost: available,
                address,
            },
        }
    }

    /// Remembers that objects have reached a version.
    pub(super) fn note_versions(&self, ids: impl Iterator<Item = ObjectId>, version: u64) {
        let mut state = self.lock();
        for id in ids {
            let known = state.versions.entry(id).or_default();
            *known = version.max(*known);
        }
        while state.versions.len() > KNOWN_MAX {
            state.versions.pop_first();
        }
    }

    /// Whether an object's version is not older than what is known of it.
    pub(super) fn is_recent(&self, id: &ObjectId, version: u64) -> bool {
        self.lock().is_recent(id, version)
    }
}

impl State {
    fn is_recent(&self, id: &ObjectId, version: u64) -> bool {
        self.versions.get(id).is_none_or(|known| version >= *known)
    }

    /// Free coins worth `want`, or at least `min`: the smallest one that suffices, else the largest.
    fn choose(
        &self,
        token: Token,
        min: u64,
        want: u64,
        gathers: Option<Token>,
    ) -> Result<Vec<HeldCoin>, Lack> {
        let gathers = gathers == Some(token);
        let coins = self.coins.get(&token).ok_or(Lack::Unread(token))?;
        let free = coins.iter().filter(|(id, _)| !self.busy.contains(id));
        let mut free: Vec<_> = free.map(|(_, coin)| coin).collect();
        free.sort_by_key(|coin| (coin.balance, *coin.reference.object_id()));
        if token == Token::Wal && want == 0 {
            return Ok(free
                .first()
                .map(|coin| vec![(*coin).clone()])
                .unwrap_or_default());
        }
        let one = free.iter().find(|coin| coin.balance >= want);
        if let Some(coin) = one.filter(|_| !gathers) {
            return Ok(vec![(*coin).clone()]);
        }
        let mut chosen = Vec::new();
        let mut total = 0_u64;
        for coin in free.iter().rev().take(COINS_MAX) {
            chosen.push((*coin).clone());
            total = total.saturating_add(coin.balance);
            if total >= want && !gathers {
                return Ok(chosen);
            }
        }
        let left = free.len().saturating_sub(COINS_MAX);
        let rest = free.iter().take(left).map(|coin| coin.balance);
        let rest = rest.fold(0, u64::saturating_add);
        if !gathers && rest > 0 && total.saturating_add(rest) >= min {
            return Err(Lack::Scattered { token, most: total });
        }
        if total >= min.max(1) {
            return Ok(chosen);
        }
        let lent = self.lent.get(&token).into_iter().flat_map(BTreeMap::values);
        match lent.copied().reduce(u64::saturating_add) {
            Some(lent) if total.saturating_add(lent) >= min => Err(Lack::Busy),
            lent => Err(Lack::Short {
                token,
                available: total.saturating_add(lent.unwrap_or(0)),
            }),
        }
    }
}

/// Forgets all but the largest coins. What a transaction can take of them is worth.
fn keep_largest(coins: &mut BTreeMap<ObjectId, HeldCoin>) -> u64 {
    let mut balances: Vec<_> = coins.iter().map(|(id, coin)| (coin.balance, *id)).collect();
    balances.sort_unstable_by(|a, b| b.cmp(a));
    for (_, id) in balances.iter().skip(KNOWN_MAX) {
        coins.remove(id);
    }
    let most = balances.iter().take(COINS_MAX).map(|(balance, _)| *balance);
    most.fold(0, u64::saturating_add)
}

fn sum(coins: &[HeldCoin]) -> u64 {
    let balances = coins.iter().map(|coin| coin.balance);
    balances.fold(0, u64::saturating_add)
}
