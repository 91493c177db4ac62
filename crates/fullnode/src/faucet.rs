//! Coins for the asking: SUI, and WAL with it (`docs/spec/sui-rpc.md` §7).

use std::{fmt, sync::Arc};

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use floe_core::SuiAddress;
use floe_ledger::{LiveObject, PriceList};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use sui_crypto::{SuiSigner, ed25519::Ed25519PrivateKey};
use sui_sdk_types::{
    Address, Argument, Command, Digest, ExecutionStatus, GasPayment, Identifier, Input,
    ObjectReference, ProgrammableTransaction, SignedTransaction, SplitCoins, StructTag,
    Transaction, TransactionExpiration, TransactionKind, TransferObjects, TypeTag,
};
use tokio::sync::{Mutex, Semaphore};

use crate::{
    Handle, ReadError, Reader, SubmitError,
    reader::{OwnerKey, TypeFilter},
    store::coin_amount,
};

/// Most requests that wait for their turn.
const QUEUE_MAX: usize = 64;
/// Most coins of the wallet that are looked at.
const COINS_MAX: usize = 64;
/// Budget of a grant, MIST.
const BUDGET: u64 = 1_000_000_000;

/// What the faucet gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaucetOptions {
    /// Coins of SUI per request.
    pub sui_coins: u16,
    /// In each of them, MIST.
    pub sui_mist: u64,
    /// Type of WAL and how much of it per request, FROST, in one coin.
    pub wal: Option<(TypeTag, u64)>,
}

impl FaucetOptions {
    /// Five coins of 200 SUI, and one of 500 WAL if there is WAL.
    pub fn new(wal_type: Option<TypeTag>) -> Self {
        Self {
            sui_coins: 5,
            sui_mist: 200_000_000_000,
            wal: wal_type.map(|tag| (tag, 500_000_000_000)),
        }
    }
}

/// A wallet that pays whoever asks.
pub struct Faucet {
    handle: Handle,
    key: Ed25519PrivateKey,
    options: FaucetOptions,
    queue: Semaphore,
    /// One grant at a time: each spends the coin that the last one left.
    turn: Mutex<()>,
}

impl fmt::Debug for Faucet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faucet")
            .field("address", &self.address())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Why nothing was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FaucetError {
    /// Too many ask at once.
    #[error("too many requests: try again later")]
    Busy,
    /// The wallet has no coin that is large enough.
    #[error("the faucet has no coin of {what} left that is large enough")]
    Empty {
        /// Of what.
        what: &'static str,
    },
    /// The transfer failed.
    #[error("the transfer failed: {reason}")]
    Failed {
        /// Why.
        reason: String,
    },
    /// It was not executed.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// The store cannot answer.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// A coin that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CoinSent {
    /// How much, MIST.
    pub amount: u64,
    /// The coin.
    pub id: Address,
    /// The transaction that gave it.
    #[serde(rename = "transferTxDigest")]
    pub transfer_tx_digest: Digest,
}

impl Faucet {
    /// A faucet on the coins of `key`.
    pub fn new(handle: Handle, key: Ed25519PrivateKey, options: FaucetOptions) -> Self {
        Self {
            handle,
            key,
            options,
            queue: Semaphore::new(QUEUE_MAX),
            turn: Mutex::new(()),
        }
    }

    fn address(&self) -> Address {
        self.key.public_key().derive_address()
    }

    /// Gives coins to an address; returns those of SUI.
    ///
    /// # Errors
    /// [`FaucetError`].
    pub async fn grant(&self, recipient: Address) -> Result<Vec<CoinSent>, FaucetError> {
        let _queued = self.queue.try_acquire().map_err(|_| FaucetError::Busy)?;
        let _turn = self.turn.lock().await;
        let owner = SuiAddress(self.address().into_inner());
        let options = self.options.clone();
        let (sui, wal) = self
            .handle
            .read(move |reader| Purse::open(reader, &owner, &options))
            .await?;
        let transaction = self.transfer(recipient, &sui, wal.as_deref());
        let signature =
            self.key
                .sign_transaction(&transaction)
                .map_err(|error| FaucetError::Failed {
                    reason: error.to_string(),
                })?;
        let signed = SignedTransaction {
            transaction,
            signatures: vec![signature],
        };
        let executed = self.handle.submit(signed).await?;
        if let ExecutionStatus::Failure { error, .. } = executed.effects.status() {
            let reason = executed
                .failure
                .clone()
                .unwrap_or_else(|| format!("{error:?}"));
            return Err(FaucetError::Failed { reason });
        }
        self.handle.metrics().granted();
        let sent = self
            .handle
            .read(move |reader| sent_coins(reader, &executed, recipient));
        Ok(sent.await?)
    }

    fn transfer(
        &self,
        recipient: Address,
        sui: &LiveObject,
        wal: Option<&LiveObject>,
    ) -> Transaction {
        let mut inputs = vec![
            pure(recipient.inner()),
            pure(&self.options.sui_mist.to_le_bytes()),
        ];
        let coins = usize::from(self.options.sui_coins);
        let mut commands = vec![
            Command::SplitCoins(SplitCoins {
                coin: Argument::Gas,
                amounts: vec![Argument::Input(1); coins],
            }),
            Command::TransferObjects(TransferObjects {
                objects: (0..self.options.sui_coins)
                    .map(|index| Argument::NestedResult(0, index))
                    .collect(),
                address: Argument::Input(0),
            }),
        ];
        if let (Some(coin), Some((_, amount))) = (wal, &self.options.wal) {
            inputs.push(Input::ImmutableOrOwned(reference(coin)));
            inputs.push(pure(&amount.to_le_bytes()));
            commands.push(Command::SplitCoins(SplitCoins {
                coin: Argument::Input(2),
                amounts: vec![Argument::Input(3)],
            }));
            commands.push(Command::TransferObjects(TransferObjects {
                objects: vec![Argument::Result(2)],
                address: Argument::Input(0),
            }));
        }
        let owner = self.address();
        Transaction {
            kind: TransactionKind::ProgrammableTransaction(ProgrammableTransaction {
                inputs,
                commands,
            }),
            sender: owner,
            gas_payment: GasPayment {
                objects: vec![reference(sui)],
                owner,
                price: PriceList::REFERENCE_GAS_PRICE,
                budget: BUDGET,
            },
            expiration: TransactionExpiration::None,
        }
    }
}

/// The coins that a grant is paid from.
struct Purse;

impl Purse {
    fn open(
        reader: &Reader,
        owner: &SuiAddress,
        options: &FaucetOptions,
    ) -> Result<(Arc<LiveObject>, Option<Arc<LiveObject>>), FaucetError> {
        let sui_needed = options
            .sui_mist
            .saturating_mul(u64::from(options.sui_coins))
            .saturating_add(BUDGET);
        let sui = largest_coin(reader, owner, StructTag::sui().into())?
            .filter(|(amount, _)| *amount >= sui_needed)
            .ok_or(FaucetError::Empty { what: "SUI" })?;
        // A faucet that has run out of WAL still gives SUI.
        let wal = match &options.wal {
            Some((tag, needed)) => largest_coin(reader, owner, tag.clone())?
                .filter(|(amount, _)| amount >= needed)
                .map(|(_, coin)| coin),
            None => None,
        };
        Ok((sui.1, wal))
    }
}

fn largest_coin(
    reader: &Reader,
    owner: &SuiAddress,
    token: TypeTag,
) -> Result<Option<(u64, Arc<LiveObject>)>, ReadError> {
    let filter = TypeFilter {
        package: Address::TWO,
        module: Some(Identifier::from_static("coin")),
        name: Some(Identifier::from_static("Coin")),
        type_params: vec![token],
    };
    let owner = OwnerKey::Address(*owner);
    let coins = reader.owned(&owner, Some(&filter), None, COINS_MAX)?.items;
    let amounts = coins
        .into_iter()
        .filter_map(|coin| Some((coin_amount(coin.as_struct()?.contents())?, coin)));
    Ok(amounts.max_by_key(|(amount, _)| *amount))
}

/// The SUI coins that a transaction made for an address.
fn sent_coins(
    reader: &Reader,
    executed: &crate::Executed,
    recipient: Address,
) -> Result<Vec<CoinSent>, ReadError> {
    let owner = sui_sdk_types::Owner::Address(recipient);
    let changed = reader.changed_objects(executed)?.into_iter();
    let created = changed.filter(|change| change.before.is_none());
    let coins = created.filter_map(|change| change.after);
    Ok(coins
        .filter(|coin| *coin.owner() == owner)
        .filter_map(|coin| {
            let content = coin.as_struct()?;
            let is_sui = *content.object_type().is_coin()? == TypeTag::from(StructTag::sui());
            is_sui.then_some(CoinSent {
                amount: coin_amount(content.contents())?,
                id: coin.object_id(),
                transfer_tx_digest: executed.digest,
            })
        })
        .collect())
}

fn reference(object: &LiveObject) -> ObjectReference {
    ObjectReference::new(object.object_id(), object.version(), object.digest())
}

fn pure(bytes: &[u8]) -> Input {
    Input::Pure(bytes.to_vec())
}

/// The body of a request.
#[derive(Debug, Deserialize)]
pub(crate) struct GrantRequest {
    #[serde(rename = "FixedAmountRequest")]
    fixed_amount: FixedAmount,
}

#[derive(Debug, Deserialize)]
struct FixedAmount {
    recipient: Address,
}

/// `POST /v2/gas`.
pub(crate) async fn grant(
    State(faucet): State<Arc<Faucet>>,
    body: Result<Json<GrantRequest>, JsonRejection>,
) -> Response {
    let request = match body {
        Ok(Json(request)) => request,
        Err(rejection) => return failure(rejection.status(), &rejection.body_text()),
    };
    match faucet.grant(request.fixed_amount.recipient).await {
        Ok(coins) => {
            let reply = serde_json::json!({ "status": "Success", "coins_sent": coins });
            Json(reply).into_response()
        }
        Err(error) => {
            let status = match &error {
                FaucetError::Busy => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            tracing::warn!(%error, "faucet");
            failure(status, &error.to_string())
        }
    }
}

fn failure(status: StatusCode, reason: &str) -> Response {
    let reply = serde_json::json!({
        "status": { "Failure": { "internal": reason } },
        "coins_sent": null,
    });
    (status, Json(reply)).into_response()
}
