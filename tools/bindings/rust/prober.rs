//! Probing from Rust; a part of nines.rs, which has the rules.

use super::{call, text, Result, State, Store};
use std::ffi::{c_void, CStr};
use std::{mem, ptr};

/// What of the C API is used here; nines/c/prober.h has it.
mod c {
    use super::super::c::Error;
    use std::ffi::c_void;
    use std::os::raw::c_char;

    #[repr(C)]
    pub struct Change {
        pub size: u32,
        pub server: u32,
        pub name: *const c_char,
        pub from: u8,
        pub to: u8,
        pub since_ms: i64,
    }
    #[repr(C)]
    pub struct ProberOptions {
        pub size: u32,
        pub max_in_flight: u32,
        pub location: u16,
        pub user_agent: *const c_char,
        pub stop_grace_ms: i64,
        pub context: *mut c_void,
        pub on_result: *const c_void,
        pub on_change: Option<unsafe extern "C" fn(context: *mut c_void, change: *const Change)>,
        pub log: *const c_void,
    }

    extern "C" {
        pub fn nines_prober_create(
            store: *mut c_void,
            options: *const ProberOptions,
            prober: *mut *mut c_void,
            error: *mut Error,
        ) -> i32;
        pub fn nines_prober_watch(prober: *mut c_void, id: u32, check: *const c_char, error: *mut Error) -> i32;
        pub fn nines_prober_report(
            prober: *mut c_void,
            name: *const c_char,
            failed: i32,
            message: *const c_char,
            duration_ms: i64,
            error: *mut Error,
        ) -> i32;
        pub fn nines_prober_start(prober: *mut c_void, error: *mut Error) -> i32;
        pub fn nines_prober_stop(prober: *mut c_void, error: *mut Error) -> i32;
        pub fn nines_prober_free(prober: *mut c_void);
    }
}

/// A confirmed change of a server's state.
pub struct Change<'a> {
    pub server: u32,
    pub name: &'a str,
    pub from: State,
    pub to: State,
    pub since_ms: i64,
}

type OnChange = Box<dyn Fn(&Change) + Send + Sync>;

/// Checks servers of a store on their schedules; stopped when it is dropped. The store may go first: then results are
/// dropped.
pub struct Prober {
    handle: *mut c_void,
    on_change: *mut OnChange,
}
// SAFETY: as for a store; what is called back may be called from any thread.
unsafe impl Send for Prober {}
unsafe impl Sync for Prober {}

fn state_of(number: u8) -> State {
    match number {
        1 => State::Up,
        2 => State::Degraded,
        3 => State::Down,
        _ => State::Unknown,
    }
}

unsafe extern "C" fn told(context: *mut c_void, change: *const c::Change) {
    let on_change = &*(context as *const OnChange);
    let change = &*change;
    let name = CStr::from_ptr(change.name).to_string_lossy();
    let (from, to) = (state_of(change.from), state_of(change.to));
    let told = Change { server: change.server, name: &name, from, to, since_ms: change.since_ms };
    // A panic ends here: the thread is the library's.
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| on_change(&told)));
}

impl Prober {
    /// `on_change` is called on a thread of the prober, one call at a time, and must not drop it.
    pub fn new(store: &Store, on_change: impl Fn(&Change) + Send + Sync + 'static) -> Result<Prober> {
        let mut prober = Prober { handle: ptr::null_mut(), on_change: Box::into_raw(Box::new(Box::new(on_change))) };
        // SAFETY: zero is the usual value of every field.
        let mut options: c::ProberOptions = unsafe { mem::zeroed() };
        options.size = mem::size_of::<c::ProberOptions>() as u32;
        options.context = prober.on_change as *mut c_void;
        options.on_change = Some(told);
        call(|error| unsafe { c::nines_prober_create(store.handle, &options, &mut prober.handle, error) })?;
        Ok(prober)
    }

    /// `check` is a URL or JSON with the keys of a configuration; "push:" is a server whose results are reported.
    pub fn watch(&self, server: u32, check: &str) -> Result<()> {
        let check = text(check)?;
        call(|error| unsafe { c::nines_prober_watch(self.handle, server, check.as_ptr(), error) })
    }

    pub fn start(&self) -> Result<()> {
        call(|error| unsafe { c::nines_prober_start(self.handle, error) })
    }

    /// A job of the push server `name` reports; `failure` says why it failed, if it did.
    pub fn report(&self, name: &str, failure: Option<&str>) -> Result<()> {
        let name = text(name)?;
        let message = text(failure.unwrap_or(""))?;
        let failed = failure.is_some() as i32;
        call(|error| unsafe { c::nines_prober_report(self.handle, name.as_ptr(), failed, message.as_ptr(), -1, error) })
    }

    /// Starts no more checks, stores every result, and joins the threads.
    pub fn stop(&self) -> Result<()> {
        call(|error| unsafe { c::nines_prober_stop(self.handle, error) })
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        // SAFETY: nothing is called back once the prober is freed.
        unsafe {
            c::nines_prober_free(self.handle);
            drop(Box::from_raw(self.on_change));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn a_job_that_reports_is_told_of_and_stored() {
        let path = std::env::temp_dir().join(format!("nines-rust-prober-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        let store = Store::open(path.to_str().unwrap()).unwrap();
        let id = store.add_server(&Server { name: "job", url: "push:", ..Server::default() }).unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = told.clone();
        let prober = Prober::new(&store, move |change| {
            heard.lock().unwrap().push((change.server, change.name.to_string(), change.from, change.to));
            panic!("what a callback panics ends there");
        })
        .unwrap();
        prober.watch(id, "push:").unwrap();
        assert_eq!(prober.watch(99, "push:").unwrap_err().code, "not_found");
        prober.start().unwrap();
        assert_eq!(prober.start().unwrap_err().code, "unavailable");
        prober.report("job", None).unwrap();
        prober.stop().unwrap();
        drop(prober);
        assert_eq!(*told.lock().unwrap(), [(id, "job".to_string(), State::Unknown, State::Up)]);
        let read = store.read(id, 0, i64::MAX).unwrap();
        assert!(read.columns().unwrap().state.contains(&(State::Up as u8)));
        store.close().unwrap();
        std::fs::remove_dir_all(path).unwrap();
    }
}
