//! Where the extension module may be loaded: in the main interpreter.
//!
//! Its threads, callbacks and messages attach to the interpreter that CPython's `PyGILState_Ensure` gives them, which is the main one: in a sub-interpreter they would wait for a lock that their own thread has. So the import is refused there, before anything is kept that the main interpreter would find.

use pyo3::ffi;

/// What the import says in a sub-interpreter.
const REFUSAL: &std::ffi::CStr = c"russet works in the main interpreter only, and this is a sub-interpreter; have the program run in the main one (mod_wsgi: WSGIApplicationGroup %{GLOBAL})";

#[expect(
    unsafe_code,
    reason = "the module's own init function, by the name that `#[pymodule]` gives it"
)]
unsafe extern "C" {
    fn PyInit__core_of_the_main_interpreter() -> *mut ffi::PyObject;
}

/// The function that CPython calls to load `russet._core`.
#[expect(
    unsafe_code,
    reason = "CPython calls it by its name, with the interpreter's lock held"
)]
#[unsafe(no_mangle)]
extern "C" fn PyInit__core() -> *mut ffi::PyObject {
    // SAFETY: CPython calls this with a thread state of the interpreter that imports, which is all that the calls need; the text is a constant that ends in a zero byte; and the init function is called as CPython would call it.
    unsafe {
        if ffi::PyInterpreterState_Get() != ffi::PyInterpreterState_Main() {
            ffi::PyErr_SetString(ffi::PyExc_ImportError, REFUSAL.as_ptr());
            return std::ptr::null_mut();
        }
        PyInit__core_of_the_main_interpreter()
    }
}
