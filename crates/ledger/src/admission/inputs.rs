//! Loads the inputs and the gas coins, and checks versions, owners and kinds.

use std::{collections::BTreeMap, sync::Arc};

use floe_core::{ObjectId, SuiAddress, onchain::framework::Coin};
use sui_sdk_types::{
    Address, Input as TxInput, Mutability, ObjectReference, Owner, ProgrammableTransaction,
    SharedInput, StructTag, Transaction, TypeTag,
};

use super::{Checks, Rejection};
use crate::{
    modules::sui::{balance::Any, clock::CLOCK_ID},
    object::{LiveObject, StateView, object_id},
    ptb::{Access, Input, Value},
    runtime::Receiving,
};

/// A transaction whose inputs are loaded and fit.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) inputs: Vec<Input>,
    /// Input objects, gas coins excluded.
    pub(crate) objects: BTreeMap<ObjectId, InputObject>,
    /// Objects that may be received.
    pub(crate) receiving: Vec<(Receiving, Arc<LiveObject>)>,
    /// Gas coins in the order of payment.
    pub(crate) gas: Vec<Arc<LiveObject>>,
    /// Sum of the gas coins, MIST.
    pub(crate) gas_balance: u64,
}

/// An input object as it was before the transaction.
#[derive(Clone, Debug)]
pub(crate) struct InputObject {
    pub(crate) object: Arc<LiveObject>,
    pub(crate) access: Access,
}

struct Loader<'a> {
    state: &'a dyn StateView,
    sender: SuiAddress,
    checks: Checks,
    objects: BTreeMap<ObjectId, InputObject>,
    receiving: Vec<(Receiving, Arc<LiveObject>)>,
}

/// Where the gas coins come from.
#[derive(Clone, Debug, Default)]
pub(crate) enum GasSource {
    /// The transaction's payment.
    #[default]
    Payment,
    /// A coin that exists nowhere.
    Mock(Arc<LiveObject>),
    /// Nobody pays.
    None,
}

/// Loads and checks everything a transaction names.
///
/// # Errors
/// The first violation.
pub(crate) fn admit_inputs(
    state: &dyn StateView,
    tx: &Transaction,
    ptb: &ProgrammableTransaction,
    checks: Checks,
    gas: GasSource,
) -> Result<Admitted, Rejection> {
    let sender = SuiAddress(tx.sender.into_inner());
    let mut loader = Loader {
        state,
        sender,
        checks,
        objects: BTreeMap::new(),
        receiving: Vec::new(),
    };
    let inputs = ptb
        .inputs
        .iter()
        .map(|input| loader.input(input))
        .collect::<Result<_, _>>()?;
    let gas = match gas {
        GasSource::Mock(coin) => vec![coin],
        GasSource::Payment => loader.gas(tx)?,
        GasSource::None => Vec::new(),
    };
    let gas_balance = gas_balance(&gas)?;
    if gas_balance < tx.gas_payment.budget && checks == Checks::Enabled {
        let budget = tx.gas_payment.budget;
        return Err(Rejection::InsufficientGasBalance {
            balance: gas_balance,
            budget,
        });
    }
    let Loader {
        objects, receiving, ..
    } = loader;
    Ok(Admitted {
        inputs,
        objects,
        receiving,
        gas,
        gas_balance,
    })
}

impl Loader<'_> {
    fn input(&mut self, input: &TxInput) -> Result<Input, Rejection> {
        match input {
            TxInput::Pure(bytes) => Ok(Input::Pure(bytes.clone())),
            TxInput::ImmutableOrOwned(reference) => self.owned(reference),
            TxInput::Shared(shared) => self.shared(shared),
            TxInput::Receiving(reference) => self.receiving(reference),
            TxInput::FundsWithdrawal(_) => Err(Rejection::Unsupported {
                what: "withdrawal from an address balance".to_owned(),
            }),
            _ => Err(Rejection::Unsupported {
                what: "this kind of input".to_owned(),
            }),
        }
    }

    fn owned(&mut self, reference: &ObjectReference) -> Result<Input, Rejection> {
        let object = self.exact(reference)?;
        let id = object_id(reference.object_id());
        let access = match object.owner() {
            Owner::Immutable => Access::ReadOnly,
            Owner::Address(owner) => {
                self.check_owner(id, owner, self.sender)?;
                Access::Owned
            }
            owner => return Err(wrong_kind(id, owner, "immutable or owned by an address")),
        };
        self.add(id, object, access)
    }

    fn shared(&mut self, shared: &SharedInput) -> Result<Input, Rejection> {
        let id = object_id(&shared.object_id());
        let object = self.load(id)?;
        let Owner::Shared(initial) = *object.owner() else {
            return Err(wrong_kind(id, object.owner(), "shared"));
        };
        if initial != shared.version() {
            return Err(Rejection::WrongSharedVersion {
                id,
                expected: initial,
                got: shared.version(),
            });
        }
        let access = match shared.mutability() {
            Mutability::Immutable => Access::ReadOnly,
            Mutability::Mutable if is_system(&id) => {
                return Err(Rejection::SystemObjectMutable { id });
            }
            Mutability::Mutable => Access::SharedMutable,
            Mutability::NonExclusiveWrite => {
                return Err(Rejection::Unsupported {
                    what: "a non-exclusive write".to_owned(),
                });
            }
        };
        self.add(id, object, access)
    }

    fn receiving(&mut self, reference: &ObjectReference) -> Result<Input, Rejection> {
        let object = self.exact(reference)?;
        let id = object_id(reference.object_id());
        if !matches!(object.owner(), Owner::Address(_)) {
            return Err(wrong_kind(id, object.owner(), "one to receive"));
        }
        if self.is_known(&id) {
            return Err(Rejection::DuplicateObject { id });
        }
        let ticket = Receiving {
            id,
            version: reference.version(),
        };
        self.receiving.push((ticket, object));
        Ok(Input::Receiving(ticket))
    }

    fn gas(&self, tx: &Transaction) -> Result<Vec<Arc<LiveObject>>, Rejection> {
        let payer = SuiAddress(tx.gas_payment.owner.into_inner());
        let mut coins: Vec<Arc<LiveObject>> = Vec::with_capacity(tx.gas_payment.objects.len());
        for reference in &tx.gas_payment.objects {
            let id = object_id(reference.object_id());
            if self.is_known(&id) || coins.iter().any(|coin| coin.object_id() == address(&id)) {
                return Err(Rejection::DuplicateObject { id });
            }
            let coin = self.exact(reference)?;
            match coin.owner() {
                Owner::Address(owner) => self.check_owner(id, owner, payer)?,
                _ => return Err(Rejection::InvalidGasCoin { id }),
            }
            coins.push(coin);
        }
        if coins.is_empty() {
            Err(Rejection::NoGasCoin)
        } else {
            Ok(coins)
        }
    }

    fn check_owner(
        &self,
        id: ObjectId,
        owner: &Address,
        user: SuiAddress,
    ) -> Result<(), Rejection> {
        let owner = SuiAddress(owner.into_inner());
        if owner != user && self.checks == Checks::Enabled {
            return Err(Rejection::WrongOwner { id, owner, user });
        }
        Ok(())
    }

    /// The live object, if it is the referenced version.
    fn exact(&self, reference: &ObjectReference) -> Result<Arc<LiveObject>, Rejection> {
        let id = object_id(reference.object_id());
        let object = self.load(id)?;
        let live_digest = object.digest();
        if object.version() != reference.version() || live_digest != *reference.digest() {
            return Err(Rejection::StaleObject {
                id,
                version: reference.version(),
                digest: *reference.digest(),
                live_version: object.version(),
                live_digest,
            });
        }
        Ok(object)
    }

    fn load(&self, id: ObjectId) -> Result<Arc<LiveObject>, Rejection> {
        self.state
            .object(&id)
            .map_err(Arc::new)?
            .ok_or(Rejection::ObjectNotFound { id })
    }

    fn is_known(&self, id: &ObjectId) -> bool {
        self.objects.contains_key(id) || self.receiving.iter().any(|(ticket, _)| ticket.id == *id)
    }

    fn add(
        &mut self,
        id: ObjectId,
        object: Arc<LiveObject>,
        access: Access,
    ) -> Result<Input, Rejection> {
        if self.is_known(&id) {
            return Err(Rejection::DuplicateObject { id });
        }
        let Some(content) = object.as_struct() else {
            return Err(Rejection::WrongKind {
                id,
                actual: "a package",
                expected: "an object",
            });
        };
        let tag = content.object_type().clone().into();
        let slot = object.slot(content.contents());
        self.objects.insert(id, InputObject { object, access });
        Ok(Input::Object {
            id,
            value: Value { tag, slot },
            access,
        })
    }
}

fn address(id: &ObjectId) -> Address {
    Address::new(id.0)
}

/// Objects that only the ledger itself writes: the system state `0x5` and the clock `0x6`.
fn is_system(id: &ObjectId) -> bool {
    *id == CLOCK_ID || *id == crate::system::SYSTEM_STATE_ID
}

fn wrong_kind(id: ObjectId, owner: &Owner, expected: &'static str) -> Rejection {
    let actual = match owner {
        Owner::Address(_) => "owned by an address",
        Owner::Object(_) => "owned by another object",
        Owner::Shared(_) => "shared",
        Owner::Immutable => "immutable",
        _ => "owned in another way",
    };
    Rejection::WrongKind {
        id,
        actual,
        expected,
    }
}

fn gas_balance(coins: &[Arc<LiveObject>]) -> Result<u64, Rejection> {
    let gas_type = StructTag::gas_coin();
    let mut sum = 0_u64;
    for coin in coins {
        let id = object_id(&coin.object_id());
        let invalid = || Rejection::InvalidGasCoin { id };
        let content = coin
            .as_struct()
            .filter(|content| *content.object_type() == gas_type);
        let coin: Coin<Any> = content
            .and_then(|content| bcs::from_bytes(content.contents()).ok())
            .ok_or_else(invalid)?;
        sum = sum.checked_add(coin.balance).ok_or_else(invalid)?;
    }
    Ok(sum)
}

/// The type of SUI coins.
pub(crate) fn gas_coin_tag() -> TypeTag {
    StructTag::gas_coin().into()
}
