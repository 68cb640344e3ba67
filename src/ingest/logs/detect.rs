//! Recognises a log by the names at the beginning of its first JSON object.

use super::Log;

/// The member names of a JSON object's beginning, those of its direct members as `outer.inner`, in order.
#[derive(Debug, Default)]
pub(crate) struct Seen(Vec<String>);

impl Seen {
    fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.0.iter().any(|seen| seen == name))
    }

    /// Which log begins so, if any.
    pub(crate) fn log(&self) -> Option<Log> {
        let any = |names: &[&str]| names.iter().any(|name| self.has(&[*name]));
        let first = |name: &str| self.0.first().is_some_and(|first| first == name);
        if first("doc_id") && self.has(&["doc"]) && any(&["target", "arguments", "resps"]) {
            Some(Log::LmEval)
        } else if self.has(&["version", "eval"]) && any(&["eval.task", "eval.eval_id", "eval.run_id"]) {
            Some(Log::Inspect)
        } else if self.has(&["results.version"]) && any(&["evalId", "results.timestamp", "results.prompts"]) {
            Some(Log::Promptfoo)
        } else if self.has(&["provider", "prompt", "vars"]) && any(&["response", "success", "promptIdx", "testCase"]) {
            Some(Log::PromptfooLines)
        } else if first("columns") && self.0.get(1).is_none_or(|second| second == "data" || second == "index") {
            Some(Log::Mlflow)
        } else {
            None
        }
    }

    /// How promptfoo wrote its results.
    pub(crate) fn promptfoo(&self) -> Log {
        match self.has(&["results"]) {
            true => Log::Promptfoo,
            false => Log::PromptfooLines,
        }
    }
}

/// Reads the names of the first object, as far as it is there; nothing if the text does not begin with one.
pub(crate) fn seen(head: &[u8]) -> Seen {
    let mut seen = Seen::default();
    // For each open bracket: whether it is an object's, and the name of its member that is being read.
    let mut open: Vec<(bool, String)> = Vec::new();
    let mut rest = head.trim_ascii_start();
    if !rest.starts_with(b"{") {
        return seen;
    }
    while let Some((mark, after)) = rest.split_first() {
        rest = after;
        match mark {
            b'{' | b'[' => open.push((*mark == b'{', String::new())),
            b'}' | b']' => {
                open.pop();
                if open.is_empty() {
                    break;
                }
            }
            b'"' => {
                let end = string_end(rest);
                let (text, after) = rest.split_at(end.min(rest.len()));
                rest = after.get(1..).unwrap_or_default();
                let names = rest.trim_ascii_start().starts_with(b":");
                if let (true, 1..=2, Some((true, member))) = (names, open.len(), open.last_mut()) {
                    *member = String::from_utf8_lossy(text).into_owned();
                    let path: Vec<&str> = open.iter().map(|(_, name)| name.as_str()).collect();
                    seen.0.push(path.join("."));
                }
            }
            _ => {}
        }
    }
    seen
}

/// Where a string ends whose quotation mark is read already.
fn string_end(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(mark) = text.get(at) {
        match mark {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_log_is_known_by_its_beginning() {
        let table = [
            (
                r#"{"doc_id": 0, "doc": {"doc_id": "x"}, "target": "a", "argum"#,
                Some(Log::LmEval),
            ),
            (
                r#"{ "version": 2, "status": "success", "eval": { "eval_id": "a", "ta"#,
                Some(Log::Inspect),
            ),
            (
                r#"{"evalId": null, "results": {"version": 3, "times"#,
                Some(Log::Promptfoo),
            ),
            (
                r#"{"provider": {"id": "p"}, "prompt": {"raw": "\" {"}, "vars": {}, "response": {}"#,
                Some(Log::PromptfooLines),
            ),
            (r#"{"columns": ["a", "columns"], "data": [["#, Some(Log::Mlflow)),
            (r#"{"sample_id": "a", "doc": {}, "target": 1}"#, None),
            (r#"{"id": 1, "columns": {"data": 2}}"#, None),
            (r#"{"columns": 3, "pred": "data"}"#, None),
            (r#"[{"doc_id": 0}]"#, None),
            ("doc_id,doc,target\n", None),
            ("", None),
        ];
        for (head, expected) in table {
            assert_eq!(seen(head.as_bytes()).log(), expected, "{head}");
        }
    }

    #[test]
    fn names_inside_of_texts_and_deep_objects_do_not_count() {
        let found = seen(br#"{"a": "\"b\": 1", "c": {"d": {"e": 1}, "f": ["g"]}} {"h": 1}"#);
        assert_eq!(found.0, ["a", "c", "c.d", "c.f"]);
    }
}
