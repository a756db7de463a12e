//! The second pass: type names, extendees, defaults, maps, and services, which are all made of them.

use std::sync::OnceLock;

use super::message::first_repeated;
use super::{Builder, References, fill, leak};
use crate::pool::error::PoolError;
use crate::pool::model::{
    Cardinality, Default, EnumValue, Field, FieldType, Message, Method, Resolved, Service, TypeRef,
};
use crate::pool::names::{join, parse_default};
use crate::pool::symbols::Symbol;
use crate::pool::view::{FileView, MethodView, ServiceView};
use crate::wire::MAX_FIELD_NUMBER;

impl Builder<'_> {
    pub(super) fn resolve(&mut self, view: &FileView<'static>) -> Result<(), PoolError> {
        for (field, references) in std::mem::take(&mut self.unresolved) {
            self.resolve_field(field, references)?;
        }
        // After names that lead nowhere: of two errors, those tell more.
        if let Some(oneof) = self.empty_oneof {
            return Err(self.invalid(oneof, "a oneof needs at least one field"));
        }
        let mut services = Vec::with_capacity(view.service.len());
        for (index, bytes) in view.service.iter().enumerate() {
            services.push(self.service(&ServiceView::read(bytes)?, index)?);
        }
        fill(&self.file.services, services);
        Ok(())
    }

    /// Looks a type name up: from the root where it starts with a dot, else from the innermost scope outwards.
    fn lookup<'s>(&self, name: &str, scope: impl Fn() -> &'s str) -> Option<Symbol> {
        let find = |full_name: &str| {
            self.symbols
                .container(full_name)
                .or_else(|| self.pool.container(full_name))
                .filter(|symbol| matches!(symbol, Symbol::Message(_) | Symbol::Enum(_)))
        };
        if let Some(absolute) = name.strip_prefix('.') {
            return find(absolute);
        }
        let mut scope = scope();
        loop {
            if let Some(symbol) = find(&join(scope, name)) {
                return Some(symbol);
            }
            if scope.is_empty() {
                return None;
            }
            scope = scope.rfind('.').map_or("", |dot| &scope[..dot]);
        }
    }

    fn unresolved(&self, name: &str, referrer: &str) -> PoolError {
        PoolError::Unresolved {
            file: self.file.name().to_owned(),
            referrer: referrer.to_owned(),
            name: name.trim_start_matches('.').to_owned(),
        }
    }

    fn resolve_message(
        &self,
        name: &str,
        scope: &str,
        referrer: &str,
    ) -> Result<&'static Message, PoolError> {
        match self.lookup(name, || scope) {
            Some(Symbol::Message(message)) => Ok(message),
            Some(_) => Err(self.invalid(referrer, format!("\"{name}\" is not a message type"))),
            None => Err(self.unresolved(name, referrer)),
        }
    }

    fn resolve_field(
        &self,
        field: &'static Field,
        references: References,
    ) -> Result<(), PoolError> {
        let type_name = references.type_name;
        let type_ref = match field.declared_type {
            FieldType::Message | FieldType::Group | FieldType::Enum => {
                let found = self.lookup(type_name, || field.full_name());
                let found = found.ok_or_else(|| self.unresolved(type_name, field.full_name()))?;
                match (found, field.declared_type) {
                    (Symbol::Message(message), FieldType::Message | FieldType::Group) => {
                        TypeRef::Message(message)
                    }
                    (Symbol::Enum(enumeration), FieldType::Enum) => TypeRef::Enum(enumeration),
                    (Symbol::Enum(enumeration), _) if field.is_untyped => {
                        TypeRef::Enum(enumeration)
                    }
                    _ => {
                        return Err(self.invalid(
                            field.full_name(),
                            format!(
                                "\"{type_name}\" is not of the kind that the field's type says"
                            ),
                        ));
                    }
                }
            }
            _ => TypeRef::Scalar,
        };
        let mut extendee = None;
        if field.is_extension {
            let (name, number) = (field.full_name(), field.number);
            let extended = self.resolve_message(references.extendee, name, name)?;
            if number > MAX_FIELD_NUMBER && !extended.is_message_set {
                let problem =
                    format!("field number {number} is not within 1 to {MAX_FIELD_NUMBER}");
                return Err(self.invalid(name, problem));
            }
            if !extended.is_extension_number(number) {
                let extended = extended.full_name;
                let problem =
                    format!("\"{extended}\" does not declare {number} as an extension number");
                return Err(self.invalid(name, problem));
            }
            extendee = Some(extended);
        }
        let (message, enumeration) = match type_ref {
            TypeRef::Message(message) => (Some(message), None),
            TypeRef::Enum(enumeration) => (None, Some(enumeration)),
            TypeRef::Scalar => (None, None),
        };
        if let Some(entry) = message.filter(|message| message.is_map_entry) {
            self.check_map_entry(field, entry)?;
        }
        let field_type = if enumeration.is_some() {
            FieldType::Enum
        } else {
            field.declared_type
        };
        let text = references.default_value.map(String::from_utf8_lossy);
        let default = match (text.as_deref(), enumeration) {
            (Some(text), _) => parse_default(text, field_type, enumeration).ok_or_else(|| {
                let problem = format!("\"{text}\" is no default for its type");
                self.invalid(field.full_name(), problem)
            })?,
            (None, _) if field.is_repeated() => Default::None,
            (None, Some(enumeration)) => {
                Default::Enum(enumeration.values().first().map_or(0, EnumValue::number))
            }
            (None, None) => Default::zero(field_type).clone(),
        };
        let resolved = Resolved {
            type_ref,
            extendee,
            default,
        };
        fill(&field.resolved, Box::new(resolved));
        Ok(())
    }

    /// The runtime relies on this shape of an entry.
    fn check_map_entry(&self, field: &Field, entry: &Message) -> Result<(), PoolError> {
        let is_key = |field: &Field| {
            !matches!(
                field.declared_type,
                FieldType::Float
                    | FieldType::Double
                    | FieldType::Bytes
                    | FieldType::Enum
                    | FieldType::Message
                    | FieldType::Group
            )
        };
        let well_formed = match entry.fields() {
            [key, value] => {
                key.number == 1
                    && value.number == 2
                    && is_key(key)
                    && [key, value]
                        .iter()
                        .all(|field| field.cardinality == Cardinality::Singular)
            }
            _ => false,
        };
        if well_formed && field.is_repeated() && field.declared_type == FieldType::Message {
            Ok(())
        } else {
            Err(self.invalid(
                field.full_name(),
                "a map needs an entry of the fields key = 1 and value = 2, the key an integer, bool or string",
            ))
        }
    }

    fn service(
        &mut self,
        view: &ServiceView<'static>,
        index: usize,
    ) -> Result<&'static Service, PoolError> {
        let (name, full_name) = self.name(self.file.package(), view.name)?;
        let service = leak(Service {
            name,
            full_name,
            file: self.file,
            index,
            methods: OnceLock::new(),
        });
        self.define(full_name, Symbol::Service(service))?;
        let mut methods: Vec<Method> = Vec::with_capacity(view.method.len());
        for (index, bytes) in view.method.iter().enumerate() {
            let view = MethodView::read(bytes)?;
            let (name, method_name) = self.name(full_name, view.name)?;
            let resolve = |name: Option<&str>| {
                self.resolve_message(name.unwrap_or_default(), full_name, method_name)
            };
            methods.push(Method {
                name,
                full_name: method_name,
                service,
                index,
                client_streaming: view.client_streaming == Some(true),
                server_streaming: view.server_streaming == Some(true),
                input: resolve(view.input_type)?,
                output: resolve(view.output_type)?,
            });
        }
        let names: Vec<_> = methods.iter().map(|method| method.full_name).collect();
        if let Some((_, second)) = first_repeated(&names) {
            return Err(self.duplicate(names[second], self.file));
        }
        fill(&service.methods, methods);
        Ok(service)
    }
}
