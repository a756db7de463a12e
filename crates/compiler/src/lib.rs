//! From .proto text to descriptors: lexer, parser, linker, option interpreter, diagnostics.
