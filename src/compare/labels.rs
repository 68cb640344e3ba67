//! Texts as small codes, shared by every task of a pass.
//!
//! Codes are given in the order of arrival, which depends on scheduling; whatever leaves a pass is sorted by text.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Gives each distinct text a code, from 0.
#[derive(Debug, Default)]
pub(super) struct Interner {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    codes: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Interner {
    /// The code of a text; a new one if it has not been seen.
    pub(super) fn code(&self, text: &str) -> u32 {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&code) = inner.codes.get(text) {
            return code;
        }
        let code = inner.texts.len() as u32;
        let text: Arc<str> = text.into();
        inner.texts.push(Arc::clone(&text));
        inner.codes.insert(text, code);
        code
    }

    /// The text of a code; empty for a code that was never given.
    pub(super) fn text(&self, code: u32) -> Arc<str> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.texts.get(code as usize).map_or_else(|| "".into(), Arc::clone)
    }

    /// All texts by code.
    pub(super) fn texts(&self) -> Vec<Arc<str>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).texts.clone()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).texts.len()
    }
}
