//! The built-in commands.

use floe_core::{
    SuiAddress,
    onchain::framework::{Balance, Coin},
};
use sui_sdk_types::{
    CommandArgumentError, ExecutionError, MakeMoveVector, MergeCoins, Publish, SplitCoins,
    TransferObjects, TypeArgumentError, TypeTag, Upgrade,
};

use super::{
    Borrowed, Interpreter, Value,
    call::argument_error,
    locals::{Borrows, Expected},
};
use crate::{
    error::Failure,
    modules::sui::{balance::Any, coin},
    registry::{AbilitySet, Passing},
    runtime::Destination,
    value::{Slot, walk},
};

/// Most bytes of modules in one publication.
const PACKAGE_BYTES_MAX: usize = 100 * 1024;

impl Interpreter<'_, '_> {
    pub(super) fn transfer_objects(
        &mut self,
        command: &TransferObjects,
    ) -> Result<Vec<Value>, Failure> {
        let mut borrows = Borrows::default();
        let mut objects = Vec::with_capacity(command.objects.len());
        for (index, argument) in (0_u16..).zip(&command.objects) {
            let value = self
                .locals
                .take_even_gas(*argument, Expected::AnyObject, &mut borrows)
                .map_err(|kind| argument_error(index, kind))?;
            if !self
                .registry
                .abilities(&value.tag)
                .contains(AbilitySet::STORE)
            {
                return Err(argument_error(
                    index,
                    CommandArgumentError::InvalidTransferObject,
                ));
            }
            objects.push(value);
        }
        let index = u16::try_from(command.objects.len()).unwrap_or(u16::MAX);
        let address = self
            .locals
            .take(
                command.address,
                Expected::Tag(&TypeTag::Address),
                &mut borrows,
            )
            .map_err(|kind| argument_error(index, kind))?;
        let address = address.slot.take::<SuiAddress>()?;
        for value in objects {
            self.rt
                .send(value.tag, value.slot, Destination::Address(address))?;
        }
        Ok(Vec::new())
    }

    pub(super) fn split_coins(
        &mut self,
        command: &SplitCoins,
        borrowed: &mut Vec<Borrowed>,
    ) -> Result<Vec<Value>, Failure> {
        let mut borrows = Borrows::default();
        let source = self
            .locals
            .borrow(
                command.coin,
                Expected::AnyCoin,
                Passing::MutRef,
                &mut borrows,
            )
            .map_err(|kind| argument_error(0, kind))?;
        let mut results = Vec::with_capacity(command.amounts.len());
        for (index, argument) in (1_u16..).zip(&command.amounts) {
            let amount = self
                .locals
                .take(*argument, Expected::Tag(&TypeTag::U64), &mut borrows)
                .map_err(|kind| argument_error(index, kind))?;
            let part = split(&source.slot, amount.slot.take()?)?;
            let part = coin::from_balance(self.rt, part)?;
            results.push(Value {
                tag: source.tag.clone(),
                slot: Slot::new(part),
            });
        }
        if self.outputs.is_some() {
            borrowed.push((command.coin, source));
        }
        Ok(results)
    }

    pub(super) fn merge_coins(
        &mut self,
        command: &MergeCoins,
        borrowed: &mut Vec<Borrowed>,
    ) -> Result<Vec<Value>, Failure> {
        let mut borrows = Borrows::default();
        let target = self
            .locals
            .borrow(
                command.coin,
                Expected::AnyCoin,
                Passing::MutRef,
                &mut borrows,
            )
            .map_err(|kind| argument_error(0, kind))?;
        for (index, argument) in (1_u16..).zip(&command.coins_to_merge) {
            let value = self
                .locals
                .take(*argument, Expected::Tag(&target.tag), &mut borrows)
                .map_err(|kind| argument_error(index, kind))?;
            let merged = value.slot.take::<Coin<Any>>()?;
            let mut target = target.slot.update::<Coin<Any>>()?;
            target.balance = target
                .balance
                .checked_add(merged.balance)
                .ok_or(ExecutionError::CoinBalanceOverflow)?;
            self.rt.delete_id(merged.id.0);
        }
        if self.outputs.is_some() {
            borrowed.push((command.coin, target));
        }
        Ok(Vec::new())
    }

    pub(super) fn make_vector(&mut self, command: &MakeMoveVector) -> Result<Vec<Value>, Failure> {
        let element = match (&command.type_, command.elements.first()) {
            (Some(tag), _) => {
                self.registry.check_type(tag).map_err(|detail| {
                    let kind = TypeArgumentError::TypeNotFound;
                    let error = ExecutionError::TypeArgumentError {
                        type_argument: 0,
                        kind,
                    };
                    Failure::execution(error, detail.to_string())
                })?;
                tag.clone()
            }
            (None, Some(first)) => self
                .locals
                .tag(*first)
                .map_err(|kind| argument_error(0, kind))?
                .filter(|tag| self.registry.abilities(tag).contains(AbilitySet::KEY))
                .ok_or_else(|| {
                    argument_error(0, CommandArgumentError::InvalidMakeMoveVecNonObjectArgument)
                })?,
            (None, None) => return Err(ExecutionError::TypeArityMismatch.into()),
        };
        let mut borrows = Borrows::default();
        let mut items = Vec::with_capacity(command.elements.len());
        for (index, argument) in (0_u16..).zip(&command.elements) {
            let value = self
                .locals
                .take(*argument, Expected::Tag(&element), &mut borrows)
                .map_err(|kind| argument_error(index, kind))?;
            self.weigh(&value)?;
            items.push(value.slot.take_bytes()?);
        }
        let tag = TypeTag::Vector(Box::new(element));
        Ok(vec![Value {
            tag,
            slot: Slot::from_bytes(walk::join(&items)),
        }])
    }

    /// Checks what can be checked without a bytecode verifier, then refuses
    /// (`docs/spec/move-seam.md` rule 10).
    pub(super) fn publish(command: &Publish) -> Result<Vec<Value>, Failure> {
        check_modules(&command.modules)?;
        Err(not_supported("publishing packages"))
    }

    /// As [`Self::publish`]; the ticket must be one.
    pub(super) fn upgrade(&mut self, command: &Upgrade) -> Result<Vec<Value>, Failure> {
        check_modules(&command.modules)?;
        let ticket = crate::modules::struct_tag("sui", "package", "UpgradeTicket");
        self.locals
            .take(
                command.ticket,
                Expected::Tag(&ticket),
                &mut Borrows::default(),
            )
            .map_err(|kind| argument_error(0, kind))?;
        Err(not_supported("upgrading packages"))
    }
}

fn split(source: &Slot, amount: u64) -> Result<Balance<Any>, Failure> {
    let mut source = source.update::<Coin<Any>>()?;
    source.balance = source.balance.checked_sub(amount).ok_or_else(|| {
        Failure::execution(
            ExecutionError::InsufficientCoinBalance,
            format!(
                "coin {} holds {}, {amount} are to be split off",
                source.id.0, source.balance
            ),
        )
    })?;
    Ok(Balance::new(amount))
}

fn check_modules(modules: &[Vec<u8>]) -> Result<(), Failure> {
    let size = modules.iter().map(Vec::len).fold(0, usize::saturating_add);
    if size > PACKAGE_BYTES_MAX {
        let object_size = u64::try_from(size).unwrap_or(u64::MAX);
        let max_object_size = PACKAGE_BYTES_MAX as u64;
        return Err(ExecutionError::PackageTooBig {
            object_size,
            max_object_size,
        }
        .into());
    }
    if modules.is_empty() || modules.iter().any(Vec::is_empty) {
        return Err(ExecutionError::VmVerificationOrDeserializationError.into());
    }
    Ok(())
}

fn not_supported(what: &str) -> Failure {
    Failure::execution(
        ExecutionError::FeatureNotYetSupported,
        format!("{what} is not supported on the embedded ledger"),
    )
}
