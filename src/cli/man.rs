//! `evaldiff man`: the manual page, the whole of it on one page.

use super::help;
use clap_mangen::Man;
use std::io;

/// The manual page in roff: the main job first, then every other command with its flags.
///
/// # Errors
/// None in practice: it is written to memory.
pub fn page() -> io::Result<Vec<u8>> {
    let mut command = super::command();
    command.build();
    let mut out = Vec::new();
    let man = Man::new(command.clone());
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    for sub in command.get_subcommands() {
        section(sub, &mut out)?;
    }
    out.extend(format!(".SH NOTES\n.nf\n{}\n.fi\n", verbatim(help::AFTER)).bytes());
    man.render_version_section(&mut out)?;
    Ok(out)
}

/// The section of one command; the flags of `diff` and the global ones are told before.
fn section(sub: &clap::Command, out: &mut Vec<u8>) -> io::Result<()> {
    let title = sub.get_name().to_uppercase();
    let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
    out.extend(format!(".SH \"COMMAND {title}\"\n{}\n", verbatim(&about)).bytes());
    if matches!(sub.get_name(), "diff" | "help") {
        return Ok(());
    }
    let own = Man::new(sub.clone().mut_args(|arg| {
        let told_before = arg.is_global_set();
        arg.hide(told_before)
    }));
    let mut body = Vec::new();
    own.render_synopsis_section(&mut body)?;
    own.render_options_section(&mut body)?;
    // What is a section in a page of its own is a subsection in here.
    let body = String::from_utf8_lossy(&body).replace(".SH ", ".SS ");
    out.extend(body.bytes());
    Ok(())
}

/// Text with nothing in it that roff would read as a command.
fn verbatim(text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-");
    let lines = escaped.lines().map(|line| match line.chars().next() {
        Some('.' | '\'') => format!("\\&{line}"),
        _ => line.to_string(),
    });
    lines.collect::<Vec<_>>().join("\n")
}
