//! `evaldiff completions`: a script that completes commands and flags in a shell.

use super::choice::Shell;
use super::request::Command;
use clap::Args;
use clap_complete::shells;

/// Arguments of a completion script.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// Write the script for this shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

impl CompletionsArgs {
    /// The checked request.
    pub(super) fn request(self) -> Command {
        Command::Completions(self.shell)
    }
}

/// The completion script of a shell.
pub fn script(shell: Shell) -> Vec<u8> {
    let mut command = super::command();
    let mut out = Vec::new();
    let w = &mut out;
    match shell {
        Shell::Bash => clap_complete::generate(shells::Bash, &mut command, "evaldiff", w),
        Shell::Elvish => clap_complete::generate(shells::Elvish, &mut command, "evaldiff", w),
        Shell::Fish => clap_complete::generate(shells::Fish, &mut command, "evaldiff", w),
        Shell::PowerShell => clap_complete::generate(shells::PowerShell, &mut command, "evaldiff", w),
        Shell::Zsh => clap_complete::generate(shells::Zsh, &mut command, "evaldiff", w),
    }
    out
}
