//! Messages built from descriptors at run time: layout and wire codec.
