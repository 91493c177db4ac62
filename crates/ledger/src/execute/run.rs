//! One execution.

use floe_core::{
    SuiAddress,
    onchain::framework::{Coin, Uid},
};
use sui_sdk_types::{Digest, ProgrammableTransaction};

use super::{Before, Changes, EffectsParts, Outcome, settle::settle};
use crate::{
    admission::{Admitted, Checks, Context, Rejection, gas_coin_tag},
    error::Failure,
    gas,
    modules::sui::balance::Any,
    object::StateView,
    ptb::{Failed, Interpreter, Locals, Strictness, Value},
    registry::Registry,
    runtime::{Meter, Runtime, TxInfo},
    value::Slot,
};

/// Who pays.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Payment {
    /// The gas coins: at most `budget` MIST, `price` MIST per unit.
    Gas { price: u64, budget: u64 },
    /// Nobody: genesis and system transactions. Objects have no storage rebate then.
    Free,
}

/// A transaction about to run.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) state: &'a dyn StateView,
    pub(crate) ctx: &'a Context,
    pub(crate) digest: Digest,
    pub(crate) sender: SuiAddress,
    pub(crate) payment: Payment,
    pub(crate) checks: Checks,
    pub(crate) collect_outputs: bool,
}

impl Run<'_> {
    /// Runs all commands, settles the bill and writes the effects.
    pub(crate) fn execute(
        self,
        ptb: &ProgrammableTransaction,
        admitted: Admitted,
    ) -> Result<Outcome, Rejection> {
        let Admitted {
            inputs,
            objects,
            receiving,
            gas,
            gas_balance,
        } = admitted;
        let before = Before {
            objects,
            receiving,
            gas,
            gas_balance,
        };
        // The budget is out of reach while the transaction runs.
        let held = match self.payment {
            Payment::Gas { budget, .. } => budget.min(gas_balance),
            Payment::Free => 0,
        };
        let gas_coin = before.gas_id().map(|id| Value {
            tag: gas_coin_tag(),
            slot: Slot::new(Coin::<Any>::new(Uid(id), gas_balance - held)),
        });

        let mut rt = self.runtime(&before);
        let mut interpreter = Interpreter {
            registry: Registry::embedded(),
            rt: &mut rt,
            locals: Locals::new(inputs, gas_coin),
            strictness: self.strictness(),
            outputs: self.collect_outputs.then(Vec::new),
        };
        let result = interpreter.run(&ptb.commands);
        let Interpreter {
            locals, outputs, ..
        } = interpreter;
        let units = rt.units_used();
        let finished = rt.finish();
        let lamport = before.lamport(finished.loaded.values());
        let dependencies = before.dependencies(finished.loaded.values());

        let changes = result.and_then(|()| {
            Changes::of_success(&before, &locals, finished, held).map_err(|failure| Failed {
                failure,
                command: None,
            })
        });
        if let Err(Failed {
            failure: Failure::Store(error),
            ..
        }) = changes
        {
            return Err(Rejection::Store(error));
        }
        let parts = EffectsParts {
            digest: self.digest,
            epoch: self.ctx.epoch,
            lamport,
            gas_id: before.gas_id(),
            read_only: before.read_only_shared(),
            dependencies,
            settled: settle(&before, changes, units, self.payment),
        };
        let mut outcome = parts.assemble();
        outcome.command_outputs = outputs.unwrap_or_default();
        Ok(outcome)
    }

    const fn strictness(&self) -> Strictness {
        match self.checks {
            Checks::Enabled => Strictness::Full,
            Checks::Disabled => Strictness::Inspect,
        }
    }

    fn runtime(&self, before: &Before) -> Runtime<'_> {
        let (gas_price, meter) = match self.payment {
            Payment::Gas { price, budget } => {
                (price, Meter::new(gas::affordable_units(budget, price)))
            }
            Payment::Free => (self.ctx.reference_gas_price, Meter::unlimited()),
        };
        let tx = TxInfo {
            digest: self.digest,
            sender: self.sender,
            epoch: self.ctx.epoch,
            epoch_start_ms: self.ctx.epoch_start_ms,
            gas_price,
            reference_gas_price: self.ctx.reference_gas_price,
            protocol_version: self.ctx.protocol_version,
        };
        let mut rt = Runtime::new(self.state, tx, meter);
        for input in before.objects.values() {
            rt.add_input(&input.object);
        }
        for (ticket, _) in &before.receiving {
            rt.add_receivable(ticket.id, ticket.version);
        }
        rt
    }
}
