//! The `evaldiff` program: parses, calls the library, maps the error to an exit code.

use evaldiff::{cli, error};
use std::io::stderr;
use std::process::ExitCode;

#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

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
