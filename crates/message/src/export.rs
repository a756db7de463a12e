//! The numbers of a list as memory of their own: a copy that its owner may write, which neither sees the list change nor changes it.

#![expect(unsafe_code, reason = "numbers of any width are copied as bytes")]

use crate::list::{Items, List};

/// The numbers of a list as they were when this was made.
pub struct Export {
    /// Words, so that the numbers are aligned whatever their width.
    memory: Box<[u64]>,
    count: usize,
    width: usize,
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export")
            .field("count", &self.count)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

impl Export {
    /// Copies the numbers of a list; `None` if its elements are none, or are being written.
    pub fn of(list: &List) -> Option<Self> {
        Some(match &*list.try_items()? {
            Items::I32(vec) => Self::copy(vec),
            Items::U32(vec) => Self::copy(vec),
            Items::F32(vec) => Self::copy(vec),
            Items::I64(vec) => Self::copy(vec),
            Items::U64(vec) => Self::copy(vec),
            Items::F64(vec) => Self::copy(vec),
            Items::Bool(vec) => Self::copy(vec),
            Items::Text(_) | Items::Message(_) => return None,
        })
    }

    fn copy<T: Copy>(numbers: &[T]) -> Self {
        let width = size_of::<T>();
        let words = size_of_val(numbers).div_ceil(size_of::<u64>());
        let mut memory = Box::<[u64]>::new_uninit_slice(words);
        // SAFETY: there is room for all numbers, of which none is wider than a word; what they leave of the last word is zeroed first.
        let memory = unsafe {
            if let Some(last) = memory.last_mut() {
                last.write(0);
            }
            let start = memory.as_mut_ptr().cast::<T>();
            std::ptr::copy_nonoverlapping(numbers.as_ptr(), start, numbers.len());
            memory.assume_init()
        };
        Self {
            memory,
            count: numbers.len(),
            width,
        }
    }

    /// Where the first number stands. The memory may be read and written until this is dropped, and is aligned for the numbers.
    pub fn start(&mut self) -> *mut u8 {
        self.memory.as_mut_ptr().cast()
    }

    /// How many numbers there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The size of each, in bytes.
    pub fn width(&self) -> usize {
        self.width
    }
}
