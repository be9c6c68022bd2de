// Opens a store, appends a result, asks. rustc hello.rs -l nines && ./hello STORE
#[allow(dead_code)]
mod nines;
use nines::{Check, Durability, Server, State, Store};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a store")?;
    let noon = 1_767_268_800_000; // 2026-01-01 12:00 UTC
    let store = Store::open(&path)?;
    let server = Server { name: "site", url: "https://example.org", created_at_ms: noon, ..Server::default() };
    let id = store.add_server(&server)?;
    let check = Check { server: id, time_ms: noon, state: State::Up, latency_us: Some(80_112), code: 200, detail: "" };
    store.append(&check, Durability::Process)?;
    let read = store.read(id, noon, noon + 3_600_000)?;
    let hour = read.columns()?;
    let figures = store.uptime(id, noon, noon + 60_000, noon + 60_000)?;
    println!("{} result, {} us, uptime {:.4}", hour.time_ms.len(), hour.latency_us[0], figures.uptime_ratio);
    store.close()?;
    Ok(())
}
