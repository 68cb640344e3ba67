//! A service of our own: `bentoml serve` on a free port of the loopback interface, for as long as a run takes.

use super::error::RunnerError;
use super::service::{NotReady, Service};
use super::supervise::detached;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// Time in which a service has to become ready: BentoML itself needs up to half a minute on a busy machine.
const READY: Duration = Duration::from_secs(180);
/// Time in which it has to end, beyond the supervisor's own patience.
const STOP: Duration = Duration::from_secs(40);

/// How a service is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BentoSpec {
    /// `name:version`.
    pub tag: String,
    /// The program `bentoml`.
    pub program: PathBuf,
    /// The program with the command `supervise`: evaldiff itself.
    pub supervisor: PathBuf,
    /// Where the service's output goes.
    pub log: PathBuf,
}

/// A service that was started here. It ends when this value is dropped.
#[derive(Debug)]
pub struct Bento {
    supervisor: Child,
    /// Its end tells the supervisor that the service has to end.
    stdin: Option<ChildStdin>,
    port: u16,
    spec: BentoSpec,
}

impl Bento {
    /// Starts `bentoml serve`.
    ///
    /// # Errors
    /// Fails if there is no such program.
    pub fn start(spec: BentoSpec) -> Result<Bento, RunnerError> {
        let port = free_port().map_err(|e| RunnerError::Internal(format!("no free port: {e}")))?;
        let log = File::create(&spec.log).map_err(|e| RunnerError::Spool {
            path: spec.log.clone(),
            reason: e.to_string(),
        })?;
        let err = log.try_clone().map_err(|e| RunnerError::Internal(e.to_string()))?;
        let mut command = Command::new(&spec.supervisor);
        command
            .arg("supervise")
            .arg("--")
            .arg(&spec.program)
            .args(["serve", &spec.tag, "--host", "127.0.0.1", "--port", &port.to_string()])
            .env("BENTOML_DO_NOT_TRACK", "True")
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(err);
        let mut supervisor = detached(&mut command)
            .spawn()
            .map_err(|e| RunnerError::Internal(format!("{} cannot be started: {e}", spec.supervisor.display())))?;
        let stdin = supervisor.stdin.take();
        Ok(Bento {
            supervisor,
            stdin,
            port,
            spec,
        })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The file with the service's output.
    pub fn log(&self) -> &Path {
        &self.spec.log
    }

    /// Waits until the service is ready.
    ///
    /// # Errors
    /// Fails if it ends before, or is not ready in time; shows the end of its log.
    pub async fn ready(&mut self, service: &Service) -> Result<(), RunnerError> {
        let start = Instant::now();
        loop {
            let why = match service.ready().await {
                Ok(()) => return Ok(()),
                Err(NotReady::Yet(why) | NotReady::Ever(why)) => why,
            };
            if let Ok(Some(_)) = self.supervisor.try_wait() {
                return Err(self.failed(format!("{} ended before it was ready", self.spec.tag)));
            }
            if start.elapsed() > READY {
                return Err(self.failed(format!(
                    "{} was not ready within {} s: {why}",
                    self.spec.tag,
                    READY.as_secs()
                )));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn failed(&self, what: String) -> RunnerError {
        let log = std::fs::read(&self.spec.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&log[log.len().saturating_sub(4000)..]).into_owned();
        // The supervisor's own last word says less than the line that names the error.
        let own = |line: &&str| line.starts_with("error: the command ended");
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !own(line))
            .collect();
        let named = lines.iter().rfind(|line| line.to_lowercase().starts_with("error"));
        let last = named
            .or(lines.last())
            .map_or(String::new(), |line| format!(": {}", super::answer::clip(line, 300)));
        let missing = last.contains("cannot be started");
        let hint = if missing {
            format!(
                "activate the environment that has BentoML, or name its program under [service] bentoml in evaldiff.toml \
                 ({} was tried)",
                self.spec.program.display()
            )
        } else {
            format!("its output is in {}", self.spec.log.display())
        };
        RunnerError::Unreachable {
            what: format!("{what}{last}"),
            hint: Some(hint),
        }
    }

    /// Ends the service and waits until nothing of it is left.
    pub async fn stop(mut self) {
        self.stdin = None;
        let start = Instant::now();
        while start.elapsed() < STOP && matches!(self.supervisor.try_wait(), Ok(None)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Bento {
    fn drop(&mut self) {
        self.stdin = None;
        let start = Instant::now();
        while start.elapsed() < STOP && matches!(self.supervisor.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A port that was free a moment ago. Another program could take it first: then the service says so and ends.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
