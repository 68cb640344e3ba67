//! The `evaldiff` program: parses, calls the library, maps the error to an exit code.

use evaldiff::{cli, error};
use std::io::stderr;
use std::process::ExitCode;

#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// One arena for every two cores instead of four for each: what one thread has freed serves the others, and a comparison of
/// a million samples takes a fifth less memory (docs/BENCHMARKS.md). `_RJEM_MALLOC_CONF` in the environment goes before it.
#[cfg(unix)]
#[used]
#[allow(
    unsafe_code,
    reason = "jemalloc reads its options from a symbol of this name, which nothing else defines"
)]
#[unsafe(export_name = "_rjem_malloc_conf")]
static ALLOCATOR_OPTIONS: &[u8; 18] = b"narenas_ratio:0.5\0";

fn main() -> ExitCode {
    let env = |name: &str| std::env::var_os(name);
    let invocation = match cli::parse(std::env::args_os(), &env) {
        Ok(invocation) => invocation,
        Err(error) => error.exit(),
    };
    match evaldiff::run(invocation, &env) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error::report_error(&error, &mut stderr());
            ExitCode::from(error.exit_code())
        }
    }
}
