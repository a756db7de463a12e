//! Messages, with the rules for names and numbers of their fields.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::OnceLock;

use super::{Builder, References, fill, leak};
use crate::pool::error::PoolError;
use crate::pool::features::Features;
use crate::pool::model::{Attachment, Field, Message, Oneof};
use crate::pool::symbols::Symbol;
use crate::pool::view::{FieldView, MessageView, OneofView, RangeView};

impl Builder<'_> {
    pub(super) fn message(
        &mut self,
        bytes: &'static [u8],
        scope: &str,
        parent: Option<&'static Message>,
        index: usize,
        outer: Features,
    ) -> Result<&'static Message, PoolError> {
        let view = MessageView::read(bytes)?;
        let options = view.options.as_deref();
        let features = outer.overridden_by(options.and_then(|o| o.features.as_ref()));
        let mut extension_ranges = Vec::with_capacity(view.extension_range.len());
        for range in &view.extension_range {
            let range = RangeView::read(range)?;
            let (start, end) = (range.start, range.end);
            extension_ranges.push((start.unwrap_or_default(), end.unwrap_or_default()));
        }
        let (name, full_name) = self.name(scope, view.name)?;
        let message = leak(Message {
            name,
            full_name,
            file: self.file,
            parent,
            index,
            features,
            is_map_entry: options.and_then(|o| o.map_entry) == Some(true),
            is_message_set: options.and_then(|o| o.message_set_wire_format) == Some(true),
            extension_ranges,
            fields: OnceLock::new(),
            oneofs: OnceLock::new(),
            nested: OnceLock::new(),
            enums: OnceLock::new(),
            extensions: OnceLock::new(),
            by_name: OnceLock::new(),
            by_number: OnceLock::new(),
            attachment: Attachment::default(),
        });
        self.define(full_name, Symbol::Message(message))?;
        self.members(&view, message)?;

        let mut nested = Vec::with_capacity(view.nested_type.len());
        for (index, inner) in view.nested_type.iter().enumerate() {
            nested.push(self.message(inner, full_name, Some(message), index, features)?);
        }
        fill(&message.nested, nested);
        let enums = self.enumerations(&view.enum_type, full_name, Some(message), features)?;
        fill(&message.enums, enums);
        let extensions = self.extensions(&view.extension, full_name, Some(message), features)?;
        fill(&message.extensions, extensions);
        Ok(message)
    }

    /// Makes the fields and oneofs of a message.
    fn members(
        &mut self,
        view: &MessageView<'static>,
        message: &'static Message,
    ) -> Result<(), PoolError> {
        let (name, features) = (message.full_name, message.features);
        let mut oneof_views = Vec::with_capacity(view.oneof_decl.len());
        for oneof in &view.oneof_decl {
            oneof_views.push(OneofView::read(oneof)?);
        }
        let mut members = vec![Vec::new(); oneof_views.len()];
        let mut fields = Vec::with_capacity(view.field.len());
        // By the field's index; which field it is, is known once all are in place.
        let mut unresolved: Vec<(usize, References)> = Vec::new();
        // By oneof: whether its last member is an `optional` of proto3, for which the compiler made the oneof if there is no other.
        let mut is_optional = vec![false; oneof_views.len()];
        for (index, bytes) in view.field.iter().enumerate() {
            let field = FieldView::read(bytes)?;
            let mut outer = features;
            if let Some(given) = field.oneof_index {
                let oneof = usize::try_from(given)
                    .ok()
                    .filter(|&oneof| oneof < oneof_views.len())
                    .ok_or_else(|| {
                        self.invalid(name, format!("there is no oneof of index {given}"))
                    })?;
                members[oneof].push(index);
                is_optional[oneof] = field.proto3_optional == Some(true);
                // A oneof's features stand between the message's and the field's.
                let options = oneof_views[oneof].options.as_ref();
                outer = features.overridden_by(options.and_then(|o| o.features.as_ref()));
            }
            let (field, references) =
                self.field(&field, name, Some(message), index, outer, false)?;
            if let Some(references) = references {
                unresolved.push((index, references));
            }
            fields.push(field);
        }
        let options = view.options.as_deref();
        let legacy = options.and_then(|o| o.deprecated_legacy_json_field_conflicts) == Some(true);
        self.check_numbers(&fields)?;
        let mut oneofs = Vec::with_capacity(members.len());
        for (index, (oneof, members)) in oneof_views.iter().zip(members).enumerate() {
            let (name, full_name) = self.name(name, oneof.name)?;
            if members.is_empty() {
                self.empty_oneof.get_or_insert(full_name);
            }
            oneofs.push(Oneof {
                name,
                full_name,
                index,
                message,
                synthetic: members.len() == 1 && is_optional[index],
                fields: members,
            });
        }
        let names = fields.iter().map(|field| field.name);
        let names: Vec<_> = names.chain(oneofs.iter().map(|oneof| oneof.name)).collect();
        if let Some((_, second)) = first_repeated(&names) {
            let symbol = format!("{}.{}", message.full_name, names[second]);
            return Err(self.duplicate(&symbol, self.file));
        }
        if !legacy {
            self.check_json_names(message, &fields)?;
        }
        fill(&message.fields, fields);
        fill(&message.oneofs, oneofs);
        let fields = message.fields();
        let unresolved = unresolved.into_iter();
        self.unresolved
            .extend(unresolved.map(|(index, references)| (&fields[index], references)));
        Ok(())
    }

    /// Checks that the fields of a message have numbers of their own.
    fn check_numbers(&self, fields: &[Field]) -> Result<(), PoolError> {
        // Nearly all messages number their fields upwards.
        if fields.is_sorted_by(|a, b| a.number < b.number) {
            return Ok(());
        }
        let numbers: Vec<_> = fields.iter().map(|field| field.number).collect();
        if let Some((first, second)) = first_repeated(&numbers) {
            let (number, first) = (numbers[second], fields[first].name);
            let problem = format!("number {number} is already used by \"{first}\"");
            return Err(self.invalid(fields[second].full_name(), problem));
        }
        Ok(())
    }

    /// Checks that the fields of a message have JSON names of their own, whatever its syntax; where the features say so, they are no earlier field's name either. Both are google.protobuf's rules, beyond protoc's.
    fn check_json_names(&self, message: &Message, fields: &[Field]) -> Result<(), PoolError> {
        let taken = |index: usize| {
            let field: &Field = &fields[index];
            let problem = format!("its JSON name \"{}\" is taken", field.json_name());
            Err(self.invalid(field.full_name(), problem))
        };
        let names: Vec<_> = fields.iter().map(Field::json_name).collect();
        if let Some((_, second)) = first_repeated(&names) {
            return taken(second);
        }
        if message.is_json_strict() {
            let places: HashMap<_, _> = if fields.len() > COMPARED {
                fields.iter().map(|field| field.name).zip(0..).collect()
            } else {
                HashMap::new()
            };
            for (index, field) in fields.iter().enumerate() {
                let json = field.json_name();
                let is_taken = json != field.name
                    && if fields.len() > COMPARED {
                        places.get(json).is_some_and(|&place| place < index)
                    } else {
                        fields[..index].iter().any(|earlier| earlier.name == json)
                    };
                if is_taken {
                    return taken(index);
                }
            }
        }
        Ok(())
    }
}

/// Up to so many items are compared with each other; more go through a table.
const COMPARED: usize = 24;

/// The first item that is equal to an earlier one, as the earlier one's index and its own.
pub(super) fn first_repeated<T: Copy + Eq + Hash>(items: &[T]) -> Option<(usize, usize)> {
    if items.len() <= COMPARED {
        return items.iter().enumerate().find_map(|(second, item)| {
            let first = items[..second].iter().position(|earlier| earlier == item)?;
            Some((first, second))
        });
    }
    let mut seen = HashMap::with_capacity(items.len());
    items.iter().enumerate().find_map(|(second, &item)| {
        let first = *seen.entry(item).or_insert(second);
        (first != second).then_some((first, second))
    })
}
