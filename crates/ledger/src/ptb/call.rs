//! Calls of Move functions.

use sui_sdk_types::{CommandArgumentError, ExecutionError, MoveCall, TypeArgumentError};

use super::{
    Borrowed, Interpreter, Strictness, Value,
    locals::{Borrows, Expected},
};
use crate::{
    call::Call,
    error::Failure,
    registry::{Body, Function, Passing, TypeError, Visibility},
};

impl Interpreter<'_, '_> {
    pub(super) fn move_call(
        &mut self,
        command: &MoveCall,
        borrowed: &mut Vec<Borrowed>,
    ) -> Result<Vec<Value>, Failure> {
        let function = self.callable(command)?;
        self.check_type_arguments(function, command)?;
        let params = function.arguments();
        if params.len() != command.arguments.len() {
            return Err(Failure::execution(
                ExecutionError::ArityMismatch,
                format!(
                    "{} takes {} arguments, got {}",
                    function.name,
                    params.len(),
                    command.arguments.len()
                ),
            ));
        }
        if let Some(index) = function
            .returns
            .iter()
            .position(|ret| ret.passing != Passing::Value)
        {
            let index = u16::try_from(index).unwrap_or(u16::MAX);
            return Err(ExecutionError::InvalidPublicFunctionReturnType { index }.into());
        }
        let Some(Body::Native(body)) = function.body else {
            return Err(Failure::Unsupported {
                location: function.location(),
            });
        };

        let type_args = command.type_arguments.as_slice();
        let mut borrows = Borrows::default();
        let mut slots = Vec::with_capacity(params.len());
        for ((index, param), argument) in (0_u16..).zip(params).zip(&command.arguments) {
            let expected = Expected::Param(&param.ty, type_args);
            let value = match param.passing {
                Passing::Value => self.locals.take(*argument, expected, &mut borrows),
                passing => self
                    .locals
                    .borrow(*argument, expected, passing, &mut borrows),
            }
            .map_err(|kind| argument_error(index, kind))?;
            if param.passing == Passing::Value {
                self.weigh(&value)?;
            }
            slots.push((value.slot.clone(), param.passing));
            if param.passing == Passing::MutRef && self.outputs.is_some() {
                borrowed.push((*argument, value));
            }
        }

        self.rt.set_caller(command.package, command.module.clone());
        let mut call = Call::new(function, type_args, slots, self.rt);
        body(&mut call)?;
        let returns = call.into_returns();
        if returns.len() != function.returns.len() {
            return Err(Failure::invariant(format!(
                "{} returns {} values, its body {}",
                function.name,
                function.returns.len(),
                returns.len(),
            )));
        }
        function
            .returns
            .iter()
            .zip(returns)
            .map(|(ret, slot)| {
                let tag = ret
                    .ty
                    .instantiate(type_args)
                    .ok_or_else(|| Failure::invariant("return type without its argument"))?;
                Ok(Value { tag, slot })
            })
            .collect()
    }

    fn callable(&self, command: &MoveCall) -> Result<&'static Function, Failure> {
        let (module, name) = (command.module.as_str(), command.function.as_str());
        let function = self
            .registry
            .function(&command.package, module, name)
            .ok_or_else(|| {
                Failure::execution(
                    ExecutionError::FunctionNotFound,
                    format!("no function {}::{module}::{name}", command.package),
                )
            })?;
        let open = function.visibility == Visibility::Public || function.is_entry;
        if !open && self.strictness == Strictness::Full {
            return Err(ExecutionError::NonEntryFunctionInvoked.into());
        }
        Ok(function)
    }

    fn check_type_arguments(&self, function: &Function, command: &MoveCall) -> Result<(), Failure> {
        let error = |index: usize, kind, detail: &TypeError| {
            let type_argument = u16::try_from(index).unwrap_or(u16::MAX);
            Failure::execution(
                ExecutionError::TypeArgumentError {
                    type_argument,
                    kind,
                },
                detail.to_string(),
            )
        };
        for (index, tag) in command.type_arguments.iter().enumerate() {
            self.registry
                .check_type(tag)
                .map_err(|detail| match detail {
                    TypeError::Constraint { .. } => {
                        error(index, TypeArgumentError::ConstraintNotSatisfied, &detail)
                    }
                    _ => error(index, TypeArgumentError::TypeNotFound, &detail),
                })?;
        }
        self.registry
            .check_arguments(&function.type_params, &command.type_arguments, || {
                function.name.to_string()
            })
            .map_err(|detail| match detail {
                TypeError::Constraint { index, .. } => {
                    error(index, TypeArgumentError::ConstraintNotSatisfied, &detail)
                }
                _ => Failure::execution(ExecutionError::TypeArityMismatch, detail.to_string()),
            })
    }
}

pub(super) fn argument_error(argument: u16, kind: CommandArgumentError) -> Failure {
    ExecutionError::CommandArgumentError { argument, kind }.into()
}
