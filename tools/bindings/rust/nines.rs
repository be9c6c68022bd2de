//! nines for Rust: the C API by FFI, without a generator. `rustc -l nines`, with this file as a module or a crate.
//!
//! Times are UTC milliseconds since 1970. A `Store` may be used by any threads at once.
use std::ffi::{CStr, CString};
use std::marker::PhantomData;
use std::os::raw::{c_char, c_int, c_void};
use std::{fmt, mem, ptr, slice};

/// Declarations of <nines/nines.h>; a struct's `size` is what it was compiled with.
mod c {
    use super::*;

    #[repr(C)]
    pub struct Error {
        pub code: i32,
        pub reserved: u32,
        pub message: [c_char; 504],
    }
    #[repr(C)]
    pub struct Server {
        pub size: u32,
        pub id: u32,
        pub name: *const c_char,
        pub url: *const c_char,
        pub group: *const c_char,
        pub created_at_ms: i64,
        pub interval_ms: i64,
        pub timeout_ms: i64,
        pub confirm_failures: u16,
        pub confirm_successes: u16,
        pub quorum: u16,
        pub objective: f64,
        pub keep_checks_days: i32,
        pub keep_summaries_days: i32,
        pub tag_count: usize,
        pub tag_keys: *const *const c_char,
        pub tag_values: *const *const c_char,
    }
    #[repr(C)]
    pub struct Result {
        pub size: u32,
        pub server: u32,
        pub time_ms: i64,
        pub location: u16,
        pub state: u8,
        pub cause: u8,
        pub code: u16,
        pub retry: u8,
        pub has_latency: u8,
        pub latency_us: u32,
        pub interval_ms: u32,
        pub phases: *const c_void,
        pub detail: *const c_char,
    }
    #[repr(C)]
    pub struct Arrays {
        pub size: u32,
        pub count: usize,
        pub time_ms: *const i64,
        pub latency_us: *const u32,
        pub state: *const u8,
        pub cause: *const u8,
        pub code: *const u16,
        pub location: *const u16,
    }
    #[repr(C)]
    pub struct Query {
        pub size: u32,
        pub maintenance: u8,
        pub unknown: u8,
        pub exact: u8,
        pub from_ms: i64,
        pub to_ms: i64,
        pub now_ms: i64,
        pub confirm_failures: u16,
        pub confirm_successes: u16,
    }
    #[repr(C)]
    pub struct Figures {
        pub size: u32,
        pub server: u32,
        pub from_ms: i64,
        pub to_ms: i64,
        pub uptime_ratio: f64,
        pub uptime_lower: f64,
        pub uptime_upper: f64,
        pub coverage_ratio: f64,
        pub check_success_ratio: f64,
        pub checks: u64,
        pub failed_checks: u64,
        pub blips: u64,
        pub time_ms: [i64; 6],
        pub incidents: u64,
        pub mttr_ms: f64,
        pub mtbf_ms: f64,
        pub longest_outage_ms: i64,
        pub latency_count: u64,
        pub latency_us: [f64; 7], // mean, min, max, p50, p90, p95, p99
        pub latency_exact: u8,
        pub state: u8,
        pub last_state: u8,
        pub last_code: u16,
        pub state_since_ms: i64,
        pub last_time_ms: i64,
        pub last_latency_us: i64,
        pub range_scans: u64,
        pub bytes_read: u64,
    }

    extern "C" {
        pub fn nines_code_name(code: i32) -> *const c_char;
        pub fn nines_open(path: *const c_char, options: *const c_void, store: *mut *mut c_void, error: *mut Error) -> i32;
        pub fn nines_open_read_only(
            path: *const c_char,
            options: *const c_void,
            store: *mut *mut c_void,
            error: *mut Error,
        ) -> i32;
        pub fn nines_close(store: *mut c_void, error: *mut Error) -> i32;
        pub fn nines_add_server(store: *mut c_void, server: *const Server, id: *mut u32, error: *mut Error) -> i32;
        pub fn nines_find_server(store: *mut c_void, name: *const c_char, id: *mut u32, error: *mut Error) -> i32;
        pub fn nines_append(store: *mut c_void, result: *const Result, durability: c_int, error: *mut Error) -> i32;
        pub fn nines_read(
            store: *mut c_void,
            server: u32,
            from_ms: i64,
            to_ms: i64,
            columns: *mut *mut c_void,
            error: *mut Error,
        ) -> i32;
        pub fn nines_columns_arrays(columns: *const c_void, arrays: *mut Arrays, error: *mut Error) -> i32;
        pub fn nines_columns_free(columns: *mut c_void);
        pub fn nines_uptime(
            store: *mut c_void,
            server: u32,
            query: *const Query,
            figures: *mut Figures,
            error: *mut Error,
        ) -> i32;
    }
}

/// What a call came to. `code` is the name of a nines_code.
#[derive(Debug, PartialEq)]
pub struct Error {
    pub code: String,
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}: {}", self.code, self.message)
    }
}
impl std::error::Error for Error {}

#[path = "prober.rs"]
mod prober;
pub use prober::{Change, Prober};

pub type Result<T> = std::result::Result<T, Error>;

fn call(function: impl FnOnce(*mut c::Error) -> i32) -> Result<()> {
    // SAFETY: zero is a value of every field; the library writes a text with its NUL before it returns a failure.
    unsafe {
        let mut error: c::Error = mem::zeroed();
        match function(&mut error) {
            0 => Ok(()),
            code => Err(Error {
                code: CStr::from_ptr(c::nines_code_name(code)).to_string_lossy().into_owned(),
                message: CStr::from_ptr(error.message.as_ptr()).to_string_lossy().into_owned(),
            }),
        }
    }
}

fn text(from: &str) -> Result<CString> {
    CString::new(from).map_err(|_| Error { code: "invalid_argument".into(), message: "a text has a NUL".into() })
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
pub enum State {
    Unknown = 0,
    Up = 1,
    Degraded = 2,
    Down = 3,
}

#[derive(Clone, Copy)]
pub enum Durability {
    Buffered = 0,
    Process = 1,
    Disk = 2,
}

/// A latency that is not there, in columns.
pub const NO_LATENCY: u32 = u32::MAX;

/// An open store; closed when it is dropped.
pub struct Store {
    handle: *mut c_void,
}
// SAFETY: the library lets any thread use a store at any time; dropping needs it alone, as Rust sees to.
unsafe impl Send for Store {}
unsafe impl Sync for Store {}

#[derive(Default)]
pub struct Server<'a> {
    pub name: &'a str,
    pub url: &'a str,
    pub group: &'a str,
    pub created_at_ms: i64,
    pub interval_ms: i64,
}

pub struct Check<'a> {
    pub server: u32,
    pub time_ms: i64,
    pub state: State,
    pub latency_us: Option<u32>,
    pub code: u16,
    pub detail: &'a str,
}

/// A window's results; the slices look at the library's memory.
pub struct Columns<'a> {
    pub time_ms: &'a [i64],
    pub latency_us: &'a [u32],
    pub state: &'a [u8],
    pub code: &'a [u16],
}

/// What `Columns` look at; they outlive the store, if need be.
pub struct Read {
    handle: *mut c_void,
    whole: PhantomData<c_void>,
}

#[derive(Debug)]
pub struct Figures {
    pub uptime_ratio: f64,
    pub coverage_ratio: f64,
    pub checks: u64,
    pub failed_checks: u64,
    pub incidents: u64,
    pub p95_us: f64,
}

impl Store {
    pub fn open(path: &str) -> Result<Store> {
        let path = text(path)?;
        let mut handle = ptr::null_mut();
        call(|error| unsafe { c::nines_open(path.as_ptr(), ptr::null(), &mut handle, error) })?;
        Ok(Store { handle })
    }

    pub fn open_read_only(path: &str) -> Result<Store> {
        let path = text(path)?;
        let mut handle = ptr::null_mut();
        call(|error| unsafe { c::nines_open_read_only(path.as_ptr(), ptr::null(), &mut handle, error) })?;
        Ok(Store { handle })
    }

    /// Closes, and says whether all that was in memory could be written.
    pub fn close(mut self) -> Result<()> {
        let handle = mem::replace(&mut self.handle, ptr::null_mut());
        call(|error| unsafe { c::nines_close(handle, error) })
    }

    pub fn add_server(&self, server: &Server) -> Result<u32> {
        let (name, url, group) = (text(server.name)?, text(server.url)?, text(server.group)?);
        // SAFETY: zero is the usual value of every field.
        let mut wanted: c::Server = unsafe { mem::zeroed() };
        wanted.size = mem::size_of::<c::Server>() as u32;
        wanted.name = name.as_ptr();
        wanted.url = url.as_ptr();
        wanted.group = group.as_ptr();
        wanted.created_at_ms = server.created_at_ms;
        wanted.interval_ms = server.interval_ms;
        let mut id = 0;
        call(|error| unsafe { c::nines_add_server(self.handle, &wanted, &mut id, error) })?;
        Ok(id)
    }

    pub fn find_server(&self, name: &str) -> Result<u32> {
        let name = text(name)?;
        let mut id = 0;
        call(|error| unsafe { c::nines_find_server(self.handle, name.as_ptr(), &mut id, error) })?;
        Ok(id)
    }

    pub fn append(&self, check: &Check, durability: Durability) -> Result<()> {
        let detail = text(check.detail)?;
        // SAFETY: zero is the usual value of every field.
        let mut wanted: c::Result = unsafe { mem::zeroed() };
        wanted.size = mem::size_of::<c::Result>() as u32;
        wanted.server = check.server;
        wanted.time_ms = check.time_ms;
        wanted.state = check.state as u8;
        wanted.has_latency = check.latency_us.is_some() as u8;
        wanted.latency_us = check.latency_us.unwrap_or(0);
        wanted.code = check.code;
        wanted.detail = detail.as_ptr();
        call(|error| unsafe { c::nines_append(self.handle, &wanted, durability as c_int, error) })
    }

    pub fn read(&self, server: u32, from_ms: i64, to_ms: i64) -> Result<Read> {
        let mut handle = ptr::null_mut();
        call(|error| unsafe { c::nines_read(self.handle, server, from_ms, to_ms, &mut handle, error) })?;
        Ok(Read { handle, whole: PhantomData })
    }

    /// At the moment `now_ms`; 0 is now.
    pub fn uptime(&self, server: u32, from_ms: i64, to_ms: i64, now_ms: i64) -> Result<Figures> {
        // SAFETY: zero is a value of every field of both.
        let (mut query, mut out): (c::Query, c::Figures) = unsafe { (mem::zeroed(), mem::zeroed()) };
        query.size = mem::size_of::<c::Query>() as u32;
        query.from_ms = from_ms;
        query.to_ms = to_ms;
        query.now_ms = now_ms;
        out.size = mem::size_of::<c::Figures>() as u32;
        call(|error| unsafe { c::nines_uptime(self.handle, server, &query, &mut out, error) })?;
        Ok(Figures {
            uptime_ratio: out.uptime_ratio,
            coverage_ratio: out.coverage_ratio,
            checks: out.checks,
            failed_checks: out.failed_checks,
            incidents: out.incidents,
            p95_us: out.latency_us[5],
        })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        unsafe { c::nines_close(self.handle, ptr::null_mut()) };
    }
}

impl Read {
    pub fn columns(&self) -> Result<Columns<'_>> {
        // SAFETY: zero is a value of every field; the arrays live as long as the handle, which outlives what is returned.
        unsafe {
            let mut arrays: c::Arrays = mem::zeroed();
            arrays.size = mem::size_of::<c::Arrays>() as u32;
            call(|error| c::nines_columns_arrays(self.handle, &mut arrays, error))?;
            if arrays.count == 0 {
                return Ok(Columns { time_ms: &[], latency_us: &[], state: &[], code: &[] });
            }
            Ok(Columns {
                time_ms: slice::from_raw_parts(arrays.time_ms, arrays.count),
                latency_us: slice::from_raw_parts(arrays.latency_us, arrays.count),
                state: slice::from_raw_parts(arrays.state, arrays.count),
                code: slice::from_raw_parts(arrays.code, arrays.count),
            })
        }
    }
}

impl Drop for Read {
    fn drop(&mut self) {
        unsafe { c::nines_columns_free(self.handle) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_767_268_800_000;

    fn new_path(name: &str) -> String {
        let path = std::env::temp_dir().join(format!("nines-rust-{}-{}", name, std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        path.to_str().unwrap().to_string()
    }

    // Ten minutes: down in the minutes 3, 4 and 5.
    #[test]
    fn what_is_appended_is_read_and_judged() {
        let path = new_path("judged");
        let store = Store::open(&path).unwrap();
        let id = store.add_server(&Server { name: "site", created_at_ms: NOON, ..Server::default() }).unwrap();
        for minute in 0..10 {
            let down = (3..6).contains(&minute);
            let check = Check {
                server: id,
                time_ms: NOON + minute * 60_000,
                state: if down { State::Down } else { State::Up },
                latency_us: if down { None } else { Some(1000 + minute as u32) },
                code: if down { 503 } else { 200 },
                detail: "",
            };
            store.append(&check, Durability::Process).unwrap();
        }
        let read = store.read(id, NOON, NOON + 600_000).unwrap();
        let figures = store.uptime(id, NOON, NOON + 600_000, NOON + 600_000).unwrap();
        store.close().unwrap();
        let columns = read.columns().unwrap();
        assert_eq!(columns.time_ms.len(), 10);
        assert_eq!((columns.latency_us[9], columns.latency_us[4]), (1009, NO_LATENCY));
        assert_eq!((columns.state[5], columns.state[6], columns.code[3]), (State::Down as u8, State::Up as u8, 503));
        assert_eq!((figures.uptime_ratio, figures.incidents, figures.failed_checks), (0.7, 1, 3));
        // Of 1000, 1001, 1002, 1006 ... 1009 the nearest rank to 95 % is the last.
        assert_eq!((figures.checks, figures.coverage_ratio, figures.p95_us), (10, 1.0, 1009.0));
        std::fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn failures_are_errors_with_their_code() {
        let path = new_path("errors");
        let store = Store::open(&path).unwrap();
        assert_eq!(store.find_server("nowhere").unwrap_err().code, "not_found");
        assert_eq!(Store::open(&path).err().unwrap().code, "locked");
        assert_eq!(store.find_server("a\0b").unwrap_err().code, "invalid_argument");
        let id = store.add_server(&Server { name: "site", ..Server::default() }).unwrap();
        assert_eq!(store.find_server("site"), Ok(id));
        assert!(store.read(id, 0, 1).unwrap().columns().unwrap().time_ms.is_empty());
        let reader = Store::open_read_only(&path).unwrap();
        let check = Check { server: id, time_ms: NOON, state: State::Degraded, latency_us: None, code: 0, detail: "slow" };
        assert_eq!(reader.append(&check, Durability::Disk).unwrap_err().code, "read_only");
        store.append(&check, Durability::Buffered).unwrap();
        drop(store);
        std::fs::remove_dir_all(path).unwrap();
    }
}
