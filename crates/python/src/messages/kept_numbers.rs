//! Numbers that a list keeps as Python objects once a program reads it again.
//!
//! Making the objects is nearly all of the time that reading numbers takes. So a long list that was iterated over to its end keeps a tuple of them when it is iterated over once more, until it is written or goes; a list that is read once, or written between, keeps nothing. The message's list holds the tuple as its note ([`List::note`]), or `None` for "was read to its end".

#![expect(unsafe_code, reason = "a tuple is made and read with the C API")]

use std::ptr::{self, NonNull};

use pyo3::ffi;
use pyo3::prelude::*;
use russet_message::{List, Storage};

use super::list_read::number_at;

type Object = *mut ffi::PyObject;

/// The fewest numbers that are kept. Below, a reader gains less than the objects take; small integers are shared by the interpreter anyway.
const WORTH_KEEPING: usize = 64;

fn is_worth_keeping(list: &List) -> bool {
    !matches!(
        list.field().storage(),
        // Texts and messages keep their objects themselves; there are two truths alone.
        Storage::Text | Storage::Message | Storage::Bool
    ) && list.len() >= WORTH_KEEPING
}

/// Notes that somebody read the whole list, who may do so again.
pub(super) fn read_to_the_end(py: Python<'_>, list: &List) {
    if list.note().is_none()
        && is_worth_keeping(list)
        && let Some(none) = NonNull::new(py.None().into_ptr())
    {
        // SAFETY: an owned reference of a Python object, as the host's objects are.
        unsafe { list.set_note(none.cast()) };
    }
}

/// All numbers of a list that was read to its end before, as an owned tuple; null without an exception where none are kept, an error with its exception set.
pub(super) fn of(list: &List) -> Result<Object, ()> {
    let Some(note) = list.note() else {
        return Ok(ptr::null_mut());
    };
    let note: Object = note.as_ptr().cast();
    // SAFETY: the note is alive while the list keeps it; the tuple is filled before anybody else sees it.
    unsafe {
        if note != ffi::Py_None() {
            ffi::Py_INCREF(note);
            return Ok(note);
        }
        let made = ffi::PyTuple_New(list.len().cast_signed());
        if made.is_null() {
            return Err(());
        }
        for index in 0..list.len() {
            let number = number_at(list, index).unwrap_or(ptr::null_mut());
            if number.is_null() {
                ffi::Py_DECREF(made);
                return Err(());
            }
            ffi::PyTuple_SET_ITEM(made, index.cast_signed(), number);
        }
        ffi::Py_INCREF(made);
        list.set_note(NonNull::new_unchecked(made).cast());
        Ok(made)
    }
}

/// The number at an index of the tuple, owned, if that is still what the list keeps; `None` where it is not, or past the end.
#[inline]
pub(super) fn at(list: &List, kept: Object, index: usize) -> Option<Object> {
    if kept.is_null() || list.note().map(|note| note.as_ptr().cast()) != Some(kept) {
        return None;
    }
    // SAFETY: the tuple has as many numbers as the list, and each lives as long as it.
    unsafe {
        if index.cast_signed() >= ffi::PyTuple_GET_SIZE(kept) {
            return None;
        }
        let number = ffi::PyTuple_GET_ITEM(kept, index.cast_signed());
        ffi::Py_INCREF(number);
        Some(number)
    }
}

/// The kept numbers as a new list, if there are any.
pub(super) fn as_list(list: &List) -> Option<Object> {
    let note: Object = list.note()?.as_ptr().cast();
    // SAFETY: the note is alive while the list keeps it.
    unsafe { (note != ffi::Py_None()).then(|| ffi::PySequence_List(note)) }
}
