//! The russet command.
