//! Services and their methods.

use russet_descriptor::proto::{MethodDescriptorProto, MethodOptions, ServiceDescriptorProto};

use super::{Parsed, Parser, Place, len, path};

impl Parser<'_> {
    pub(super) fn service(&mut self, place: Place) -> Parsed<ServiceDescriptorProto> {
        let mut service = ServiceDescriptorProto::default();
        self.expect("service")?;
        let name = self.place(place, &[path::NAME]);
        service.name = Some(self.identifier("Expected service name.")?);
        self.end(name);
        self.expect_end("{", Some(place))?;
        while !self.eat_end("}", None) {
            if self.at_end() {
                return self.fail("Reached end of input in service definition (missing '}').");
            }
            if self.service_statement(&mut service, place).is_err() {
                self.skip_statement();
            }
        }
        self.end(place);
        Ok(service)
    }

    fn service_statement(&mut self, service: &mut ServiceDescriptorProto, place: Place) -> Parsed {
        if self.eat_end(";", None) {
            return Ok(());
        }
        if self.at("option") {
            let options_place = self.place(place, &[path::SERVICE_OPTIONS]);
            let options = service.options.get_or_insert_default();
            self.option_statement(&mut options.uninterpreted_option, options_place)?;
            self.end(options_place);
            return Ok(());
        }
        let method_place = self.place(place, &[path::SERVICE_METHOD, len(&service.method)]);
        let method = self.method(method_place)?;
        service.method.push(method);
        Ok(())
    }

    fn method(&mut self, place: Place) -> Parsed<MethodDescriptorProto> {
        let mut method = MethodDescriptorProto::default();
        self.expect("rpc")?;
        let name = self.place(place, &[path::NAME]);
        method.name = Some(self.identifier("Expected method name.")?);
        self.end(name);
        let input = (path::METHOD_CLIENT_STREAMING, path::METHOD_INPUT);
        let (streaming, input_type) = self.method_type(place, input)?;
        method.client_streaming = streaming;
        method.input_type = Some(input_type);
        self.expect("returns")?;
        let output = (path::METHOD_SERVER_STREAMING, path::METHOD_OUTPUT);
        let (streaming, output_type) = self.method_type(place, output)?;
        method.server_streaming = streaming;
        method.output_type = Some(output_type);
        if self.at("{") {
            let options = method.options.get_or_insert_default();
            self.method_options(options, place)?;
        } else {
            self.expect_end(";", Some(place))?;
        }
        self.end(place);
        Ok(method)
    }

    /// `(stream Type)` or `(Type)`.
    fn method_type(
        &mut self,
        place: Place,
        (streaming_number, type_number): (i32, i32),
    ) -> Parsed<(Option<bool>, String)> {
        self.expect("(")?;
        let streaming = self.at("stream").then(|| {
            self.place_token(place, &[streaming_number], &self.lexer.current());
            self.lexer.next();
            true
        });
        let type_place = self.place(place, &[type_number]);
        let name = self.user_type()?;
        self.end(type_place);
        self.expect(")")?;
        Ok((streaming, name))
    }

    fn method_options(&mut self, options: &mut MethodOptions, place: Place) -> Parsed {
        self.expect_end("{", Some(place))?;
        while !self.eat_end("}", None) {
            if self.at_end() {
                return self.fail("Reached end of input in method options (missing '}').");
            }
            if self.eat_end(";", None) {
                continue;
            }
            let options_place = self.place(place, &[path::METHOD_OPTIONS]);
            let read = self.option_statement(&mut options.uninterpreted_option, options_place);
            if read.is_err() {
                self.skip_statement();
            } else {
                self.end(options_place);
            }
        }
        Ok(())
    }
}
