//! Tables of what is typed and what becomes of it.

mod config;
mod parse;
mod refused;
mod toml_file;
mod values;

use super::{Invocation, parse};
use std::ffi::OsString;

/// An environment of pairs.
fn env_of<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<OsString> + 'a {
    move |name| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.into())
}

/// Parses a line of words; a word in quotes may be empty or hold spaces.
fn line(text: &str, env: &[(&str, &str)]) -> Result<Invocation, clap::Error> {
    let mut words: Vec<OsString> = vec!["evaldiff".into()];
    for (index, part) in text.split('\'').enumerate() {
        match index % 2 {
            0 => words.extend(part.split_whitespace().map(OsString::from)),
            _ => words.push(part.into()),
        }
    }
    parse(words, &env_of(env))
}
