//! A process between the runner and the service that it starts: when the runner is gone, for whatever reason, the
//! service ends too, with everything that it started.
//!
//! The runner holds the other end of this process's standard input and never writes to it: its end is the runner's.
//! BentoML puts its workers into sessions of their own, so that no signal to a process group reaches them; as the
//! subreaper of all that it starts, this process becomes the parent of whatever is left, and ends that.

use super::error::RunnerError;
use std::ffi::OsString;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Time that the service has to end by itself.
const GRACE: Duration = Duration::from_secs(10);
/// How often a process is looked at.
const TICK: Duration = Duration::from_millis(50);

/// Runs a command until it ends, or standard input does. Gives its exit code.
///
/// # Errors
/// Fails if the command cannot be started.
pub async fn supervise(command: &[OsString]) -> Result<i32, RunnerError> {
    let (program, args) = command
        .split_first()
        .ok_or_else(|| RunnerError::Internal("no command".into()))?;
    adopt();
    let mut child = detached(Command::new(program).args(args).stdin(Stdio::null()))
        .spawn()
        .map_err(|e| RunnerError::Internal(format!("{} cannot be started: {e}", program.to_string_lossy())))?;
    let (told, mut parent_gone) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = told.send(());
    });
    let mut ended = None;
    let mut asked = std::pin::pin!(asked_to_stop());
    while ended.is_none() {
        tokio::select! {
            _ = &mut parent_gone => break,
            () = &mut asked => break,
            () = tokio::time::sleep(TICK) => ended = child.try_wait().ok().flatten(),
        }
    }
    let status = match ended {
        Some(status) => Some(status),
        None => end(&mut child),
    };
    end_orphans();
    Ok(status.and_then(|s| s.code()).unwrap_or(1))
}

/// A signal that asks this process to end.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        // What `nohup` and shells let a process ignore stays ignored.
        let heard = kinds.into_iter().filter(|kind| !is_ignored(kind.as_raw_value()));
        let signals: Vec<_> = heard.filter_map(|kind| signal(kind).ok()).collect();
        if signals.is_empty() {
            return std::future::pending().await;
        }
        let waits = signals
            .into_iter()
            .map(|mut signal| Box::pin(async move { signal.recv().await }));
        futures::future::select_all(waits).await;
    }
    #[cfg(not(unix))]
    {
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// Whether this process was started with the signal ignored: from `/proc/self/status`, so that nothing is said elsewhere.
/// Read before the first listener, which changes it.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    static IGNORED: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    let mask = IGNORED.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or_default()
    });
    (1..=64).contains(&signal) && mask & (1 << (signal - 1)) != 0
}

/// Hears of a signal that asks this process to end from now on, also while nobody waits for it: from the first listener
/// on, signals do nothing by themselves.
#[derive(Clone, Debug)]
pub struct Stop(tokio::sync::watch::Receiver<bool>);

impl Stop {
    /// Begins to listen.
    pub fn listen() -> Stop {
        let (tell, told) = tokio::sync::watch::channel(false);
        tokio::spawn(async move {
            asked_to_stop().await;
            let _ = tell.send(true);
        });
        Stop(told)
    }

    /// Waits until this process was asked to end.
    pub async fn asked(&self) {
        let mut told = self.0.clone();
        if told.wait_for(|asked| *asked).await.is_err() {
            // Nobody listens any more: never.
            std::future::pending::<()>().await;
        }
    }
}

/// A process group of its own: Ctrl-C reaches the runner alone, which then ends the service in order.
pub(super) fn detached(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    }
    command
}

/// Asks the service to end, then ends it.
fn end(child: &mut Child) -> Option<std::process::ExitStatus> {
    signal(child.id(), Signal::Ask);
    let start = Instant::now();
    while start.elapsed() < GRACE {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        std::thread::sleep(TICK);
    }
    let _ = child.kill();
    child.wait().ok()
}

#[derive(Clone, Copy)]
enum Signal {
    Ask,
    End,
}

#[cfg(target_os = "linux")]
fn adopt() {
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

#[cfg(not(target_os = "linux"))]
fn adopt() {}

#[cfg(unix)]
fn signal(pid: u32, which: Signal) {
    let signal = match which {
        Signal::Ask => rustix::process::Signal::TERM,
        Signal::End => rustix::process::Signal::KILL,
    };
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

#[cfg(not(unix))]
fn signal(_: u32, _: Signal) {}

/// Ends what the service left behind: first asked, then ended.
fn end_orphans() {
    let start = Instant::now();
    loop {
        reap();
        let left = children();
        if left.is_empty() || start.elapsed() > 2 * GRACE {
            return;
        }
        let which = if start.elapsed() < Duration::from_secs(2) {
            Signal::Ask
        } else {
            Signal::End
        };
        left.into_iter().for_each(|pid| signal(pid, which));
        std::thread::sleep(TICK);
    }
}

#[cfg(unix)]
fn reap() {
    use rustix::process::{WaitOptions, wait};
    while matches!(wait(WaitOptions::NOHANG), Ok(Some(_))) {}
}

#[cfg(not(unix))]
fn reap() {}

/// The processes whose parent this one is.
fn children() -> Vec<u32> {
    let own = std::process::id();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| parent(*pid) == Some(own)).collect()
}

/// The parent of a process, from `/proc/<pid>/stat`: the second field behind the name, which is in parentheses.
fn parent(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}
