//! Filters on transactions and events, in disjunctive normal form.

use sui_rpc::proto::sui::rpc::v2::{self as proto, event_literal, transaction_literal};
use sui_sdk_types::{
    Address, Command, Event, Identifier, ObjectOut, Owner, StructTag, TransactionEffects,
    TransactionEffectsV2, TransactionKind,
};

use super::{
    error::{RpcError, RpcResult},
    limits::Limits,
    parse,
};
use crate::Executed;

/// Any term may match; all literals of a term must. Without terms everything matches.
#[derive(Clone, Debug)]
pub(crate) struct Filter<P> {
    terms: Vec<Vec<Literal<P>>>,
}

#[derive(Clone, Debug)]
struct Literal<P> {
    negated: bool,
    predicate: P,
}

/// A condition on a transaction.
#[derive(Clone, Debug)]
pub(crate) enum TransactionPredicate {
    Sender(Address),
    AffectedAddress(Address),
    AffectedObject(Address),
    MoveCall(Path),
    Event(EventPredicate),
    PackageWrite,
    /// Of a feature that this ledger does not have.
    Never,
}

/// A condition on an event.
#[derive(Clone, Debug)]
pub(crate) enum EventPredicate {
    Sender(Address),
    EmitModule(Path),
    Type(TypePattern),
    Never,
}

/// `package[::module[::function]]`.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    package: Address,
    module: Option<Identifier>,
    function: Option<Identifier>,
}

/// A type by package, module, name, or exactly.
#[derive(Clone, Debug)]
pub(crate) enum TypePattern {
    Module(Path),
    Name(StructTag),
    Exact(StructTag),
}

/// A filter on transactions.
pub(crate) type TransactionFilter = Filter<TransactionPredicate>;
/// A filter on events.
pub(crate) type EventFilter = Filter<EventPredicate>;

impl<P> Filter<P> {
    fn everything() -> Self {
        Self { terms: Vec::new() }
    }

    /// Whether it lets everything through.
    pub(crate) fn is_everything(&self) -> bool {
        self.terms.is_empty()
    }

    fn matches(&self, holds: impl Fn(&P) -> bool) -> bool {
        self.terms.is_empty()
            || self.terms.iter().any(|literals| {
                literals
                    .iter()
                    .all(|literal| holds(&literal.predicate) != literal.negated)
            })
    }
}

impl TransactionFilter {
    /// Reads a filter; an absent one matches everything.
    pub(crate) fn parse(message: Option<&proto::TransactionFilter>) -> RpcResult<Self> {
        let Some(message) = message else {
            return Ok(Self::everything());
        };
        let terms = checked(&message.terms)?
            .iter()
            .map(|term| {
                checked(&term.literals)?
                    .iter()
                    .map(|literal| {
                        let predicate = literal.predicate.as_ref();
                        Ok(Literal {
                            negated: literal.negated,
                            predicate: transaction_predicate(predicate)?,
                        })
                    })
                    .collect()
            })
            .collect::<RpcResult<_>>()?;
        Ok(Self { terms })
    }

    /// Whether a transaction matches.
    pub(crate) fn matches_transaction(&self, executed: &Executed) -> bool {
        self.matches(|predicate| predicate.holds(executed))
    }
}

impl EventFilter {
    /// Reads a filter; an absent one matches everything.
    pub(crate) fn parse(message: Option<&proto::EventFilter>) -> RpcResult<Self> {
        let Some(message) = message else {
            return Ok(Self::everything());
        };
        let terms = checked(&message.terms)?
            .iter()
            .map(|term| {
                checked(&term.literals)?
                    .iter()
                    .map(|literal| {
                        let predicate = literal.predicate.as_ref();
                        Ok(Literal {
                            negated: literal.negated,
                            predicate: event_predicate(predicate)?,
                        })
                    })
                    .collect()
            })
            .collect::<RpcResult<_>>()?;
        Ok(Self { terms })
    }

    /// Whether an event matches.
    pub(crate) fn matches_event(&self, event: &Event) -> bool {
        self.matches(|predicate| predicate.holds(event))
    }
}

fn checked<T>(items: &[T]) -> RpcResult<&[T]> {
    if items.is_empty() || items.len() > Limits::FILTER_ITEMS_MAX {
        return Err(RpcError::invalid(
            "filter",
            format_args!(
                "1 to {} terms, each of 1 to {} literals",
                Limits::FILTER_ITEMS_MAX,
                Limits::FILTER_ITEMS_MAX
            ),
        ));
    }
    Ok(items)
}

fn transaction_predicate(
    message: Option<&transaction_literal::Predicate>,
) -> RpcResult<TransactionPredicate> {
    use transaction_literal::Predicate as P;

    let message = message.ok_or_else(|| RpcError::missing("filter.predicate"))?;
    Ok(match message {
        P::Sender(f) => TransactionPredicate::Sender(address(f.address.as_deref())?),
        P::AffectedAddress(f) => {
            TransactionPredicate::AffectedAddress(address(f.address.as_deref())?)
        }
        P::AffectedObject(f) => {
            TransactionPredicate::AffectedObject(address(f.object_id.as_deref())?)
        }
        P::MoveCall(f) => TransactionPredicate::MoveCall(Path::parse(f.function.as_deref(), 3)?),
        P::EmitModule(f) => {
            let path = Path::parse(f.module.as_deref(), 2)?;
            TransactionPredicate::Event(EventPredicate::EmitModule(path))
        }
        P::EventType(f) => {
            let pattern = TypePattern::parse(f.event_type.as_deref())?;
            TransactionPredicate::Event(EventPredicate::Type(pattern))
        }
        P::PackageWrite(_) => TransactionPredicate::PackageWrite,
        P::EventStreamHead(f) => {
            address(f.stream_id.as_deref())?;
            TransactionPredicate::Never
        }
        _ => return Err(RpcError::invalid("filter.predicate", "unknown")),
    })
}

fn event_predicate(message: Option<&event_literal::Predicate>) -> RpcResult<EventPredicate> {
    use event_literal::Predicate as P;

    let message = message.ok_or_else(|| RpcError::missing("filter.predicate"))?;
    Ok(match message {
        P::Sender(f) => EventPredicate::Sender(address(f.address.as_deref())?),
        P::EmitModule(f) => EventPredicate::EmitModule(Path::parse(f.module.as_deref(), 2)?),
        P::EventType(f) => EventPredicate::Type(TypePattern::parse(f.event_type.as_deref())?),
        P::EventStreamHead(f) => {
            address(f.stream_id.as_deref())?;
            EventPredicate::Never
        }
        _ => return Err(RpcError::invalid("filter.predicate", "unknown")),
    })
}

fn address(text: Option<&str>) -> RpcResult<Address> {
    parse::address("filter.address", text)
}

impl TransactionPredicate {
    fn holds(&self, executed: &Executed) -> bool {
        match self {
            Self::Sender(sender) => executed.transaction.sender == *sender,
            Self::AffectedAddress(address) => v2(executed)
                .is_some_and(|effects| affected_owners(effects).any(|owner| owner == *address)),
            Self::AffectedObject(id) => v2(executed).is_some_and(|effects| {
                let mut changes = effects.changed_objects.iter();
                changes.any(|change| change.object_id == *id)
            }),
            Self::MoveCall(path) => calls(executed, path),
            Self::Event(predicate) => executed
                .events
                .as_ref()
                .is_some_and(|events| events.0.iter().any(|event| predicate.holds(event))),
            Self::PackageWrite => v2(executed).is_some_and(|effects| {
                effects
                    .changed_objects
                    .iter()
                    .any(|change| matches!(change.output_state, ObjectOut::PackageWrite { .. }))
            }),
            Self::Never => false,
        }
    }
}

impl EventPredicate {
    fn holds(&self, event: &Event) -> bool {
        match self {
            Self::Sender(sender) => event.sender == *sender,
            Self::EmitModule(path) => path.covers(&event.package_id, &event.module, None),
            Self::Type(pattern) => pattern.covers(&event.type_),
            Self::Never => false,
        }
    }
}

fn v2(executed: &Executed) -> Option<&TransactionEffectsV2> {
    match &executed.effects {
        TransactionEffects::V2(effects) => Some(effects),
        TransactionEffects::V1(_) => None,
    }
}

fn affected_owners(effects: &TransactionEffectsV2) -> impl Iterator<Item = Address> {
    use sui_sdk_types::ObjectIn;

    let address = |owner: &Owner| match owner {
        Owner::Address(address) => Some(*address),
        Owner::ConsensusAddress { owner, .. } => Some(*owner),
        _ => None,
    };
    effects.changed_objects.iter().flat_map(move |change| {
        let before = match &change.input_state {
            ObjectIn::Exist { owner, .. } => address(owner),
            _ => None,
        };
        let after = match &change.output_state {
            ObjectOut::ObjectWrite { owner, .. } => address(owner),
            _ => None,
        };
        before.into_iter().chain(after)
    })
}

fn calls(executed: &Executed, path: &Path) -> bool {
    let TransactionKind::ProgrammableTransaction(ptb) = &executed.transaction.kind else {
        return false;
    };
    ptb.commands.iter().any(|command| {
        matches!(command, Command::MoveCall(call)
            if path.covers(&call.package, &call.module, Some(&call.function)))
    })
}

impl Path {
    /// Reads a path of 1 to `parts_max` parts.
    fn parse(text: Option<&str>, parts_max: usize) -> RpcResult<Self> {
        const FIELD: &str = "filter.path";
        let text = text.ok_or_else(|| RpcError::missing(FIELD))?;
        let mut parts = text.split("::");
        let package = parse::address(FIELD, parts.next())?;
        let mut name = || {
            parts
                .next()
                .map(|name| parse::identifier(FIELD, Some(name)))
                .transpose()
        };
        let (module, function) = (name()?, name()?);
        let too_long = parts.next().is_some() || (function.is_some() && parts_max < 3);
        if too_long {
            return Err(RpcError::invalid(FIELD, "too many parts"));
        }
        Ok(Self {
            package,
            module,
            function,
        })
    }

    fn covers(
        &self,
        package: &Address,
        module: &Identifier,
        function: Option<&Identifier>,
    ) -> bool {
        self.package == *package
            && self.module.as_ref().is_none_or(|own| own == module)
            && self
                .function
                .as_ref()
                .is_none_or(|own| Some(own) == function)
    }
}

impl TypePattern {
    fn parse(text: Option<&str>) -> RpcResult<Self> {
        const FIELD: &str = "filter.event_type";
        let given = text.ok_or_else(|| RpcError::missing(FIELD))?;
        if given.split("::").take(3).count() < 3 {
            return Path::parse(text, 2).map(Self::Module);
        }
        let tag = parse::struct_tag(FIELD, text)?;
        Ok(if tag.type_params().is_empty() {
            Self::Name(tag)
        } else {
            Self::Exact(tag)
        })
    }

    fn covers(&self, tag: &StructTag) -> bool {
        match self {
            Self::Module(path) => path.covers(tag.address(), tag.module(), None),
            Self::Name(own) => {
                own.address() == tag.address()
                    && own.module() == tag.module()
                    && own.name() == tag.name()
            }
            Self::Exact(own) => own == tag,
        }
    }
}

#[cfg(test)]
mod tests {
    use sui_rpc::proto::sui::rpc::v2::{EmitModuleFilter, EventTypeFilter, SenderFilter};

    use super::*;

    fn event() -> Event {
        Event {
            package_id: Address::TWO,
            module: "coin".parse().unwrap(),
            sender: Address::THREE,
            type_: "0x2::coin::Minted<u8>".parse().unwrap(),
            contents: vec![0],
        }
    }

    fn filter(terms: Vec<Vec<(bool, event_literal::Predicate)>>) -> RpcResult<EventFilter> {
        let mut message = proto::EventFilter::default();
        for literals in terms {
            let mut term = proto::EventTerm::default();
            for (negated, predicate) in literals {
                let mut literal = proto::EventLiteral::default();
                literal.negated = negated;
                literal.predicate = Some(predicate);
                term.literals.push(literal);
            }
            message.terms.push(term);
        }
        EventFilter::parse(Some(&message))
    }

    fn of_type(text: &str) -> event_literal::Predicate {
        event_literal::Predicate::EventType(EventTypeFilter::from(text))
    }

    #[test]
    fn types_match_by_package_module_name_and_exactly() {
        for (text, expected) in [
            ("0x2", true),
            ("0x2::coin", true),
            ("0x2::coin::Minted", true),
            ("0x2::coin::Minted<u8>", true),
            ("0x2::coin::Minted<u16>", false),
            ("0x2::pay", false),
            ("0x3", false),
        ] {
            let filter = filter(vec![vec![(false, of_type(text))]]).unwrap();
            assert_eq!(filter.matches_event(&event()), expected, "{text}");
        }
        for bad in ["", "coin", "0x2::", "0x2::coin::", "0x2::coin::Minted<"] {
            assert!(filter(vec![vec![(false, of_type(bad))]]).is_err(), "{bad}");
        }
    }

    #[test]
    fn terms_are_alternatives_and_literals_conditions() {
        let sender =
            |address: Address| event_literal::Predicate::Sender(SenderFilter::from(address));
        let module = event_literal::Predicate::EmitModule(EmitModuleFilter::from("0x2::coin"));
        let both = filter(vec![vec![
            (false, sender(Address::THREE)),
            (false, module.clone()),
        ]]);
        assert!(both.unwrap().matches_event(&event()));
        let not = filter(vec![vec![
            (false, sender(Address::THREE)),
            (true, module.clone()),
        ]]);
        assert!(!not.unwrap().matches_event(&event()));
        let either = filter(vec![
            vec![(false, sender(Address::TWO))],
            vec![(false, module)],
        ]);
        assert!(either.unwrap().matches_event(&event()));
    }

    #[test]
    fn empty_and_huge_filters_are_refused() {
        assert!(filter(vec![]).is_err());
        assert!(filter(vec![vec![]]).is_err());
        let many = vec![vec![(false, of_type("0x2"))]; Limits::FILTER_ITEMS_MAX + 1];
        assert!(filter(many).is_err());
    }
}
