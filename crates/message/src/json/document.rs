//! A JSON value as one row of nodes: each list and object is followed by what is in it.

use std::borrow::Cow;

/// One node. An object is followed by keys (strings) and values in turn, a list by its elements.
#[derive(Clone, Debug, PartialEq)]
pub enum Node<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it is written: with a point or exponent if it is no integer.
    Number(Cow<'a, str>),
    /// A floating-point number; of text, only one that JSON does not have: a NaN or an infinity.
    Float(f64),
    /// A string.
    String(Cow<'a, str>),
    /// A string with half a surrogate pair, for which U+FFFD stands here.
    Unpaired(String),
    /// Bytes, which only a host's objects have.
    Bytes(Cow<'a, [u8]>),
    /// A list, with the index of the node behind its last element.
    List(usize),
    /// An object, with the index of the node behind its last value.
    Object(usize),
    /// A mapping of a host that is no object of JSON, with the index of the node behind its last value: messages are read from it.
    Mapping(usize),
    /// An object of a host that is nothing of JSON.
    Other(Box<Foreign>),
    /// A value that is nested too deep to be read, or that contains itself.
    TooDeep,
}

/// An object of a host that is nothing of JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    /// The name of its type, with its module unless that is built in.
    pub type_name: String,
    /// How it is shown.
    pub shown: String,
    /// How it is shown in a list or object.
    pub quoted: String,
    /// The integer that it converts to without losing a fraction.
    pub integer: Option<i128>,
    /// Whether it converts to an integer, if it loses a fraction.
    pub has_fraction: bool,
    /// The floating-point number that it converts to.
    pub float: Option<f64>,
}

/// A JSON value.
#[derive(Clone, Debug, Default)]
pub struct Document<'a> {
    nodes: Vec<Node<'a>>,
}

impl<'a> Document<'a> {
    /// No nodes yet.
    pub const fn new() -> Self {
        Self { nodes: Vec::new() }
    }

    pub(super) fn with_capacity(nodes: usize) -> Self {
        Self {
            nodes: Vec::with_capacity(nodes),
        }
    }

    /// Appends a node; its index is returned. What is in a list or object follows, and then [`Document::close`].
    pub fn push(&mut self, node: Node<'a>) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Ends the list or object at an index.
    pub fn close(&mut self, index: usize) {
        let after = self.nodes.len();
        if let Some(Node::List(end) | Node::Object(end) | Node::Mapping(end)) =
            self.nodes.get_mut(index)
        {
            *end = after;
        }
    }

    pub(super) fn node(&self, index: usize) -> &Node<'a> {
        &self.nodes[index]
    }

    /// The index behind a value.
    pub(super) fn after(&self, index: usize) -> usize {
        match self.nodes[index] {
            Node::List(end) | Node::Object(end) | Node::Mapping(end) => end,
            _ => index + 1,
        }
    }

    /// The text of a string, of which an unpaired half of a surrogate pair is replaced.
    pub(super) fn text(&self, index: usize) -> Option<&str> {
        match &self.nodes[index] {
            Node::String(text) => Some(text),
            Node::Unpaired(text) => Some(text),
            _ => None,
        }
    }

    /// The indexes of a list's elements.
    pub(super) fn elements(&self, list: usize) -> impl Iterator<Item = usize> {
        let end = self.after(list);
        std::iter::successors(Some(list + 1), move |&at| {
            (at < end).then(|| self.after(at))
        })
        .take_while(move |&at| at < end)
    }

    /// An object's keys with the indexes of their values.
    pub(super) fn entries(&self, object: usize) -> impl Iterator<Item = (&str, usize)> {
        let end = self.after(object);
        std::iter::successors(Some(object + 1), move |&key| {
            (key < end).then(|| self.after(key + 1))
        })
        .take_while(move |&key| key < end)
        .map(|key| (self.text(key).unwrap_or_default(), key + 1))
    }
}
