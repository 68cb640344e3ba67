//! Every bad input: what is said, and who can mend it.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, ListArray, StringArray};
use arrow::datatypes::Int32Type;

use super::*;

fn check(name: &str, content: impl AsRef<[u8]>, expected: &str) {
    let folder = Folder::new();
    let error = run(&of(folder.write(name, content))).unwrap_err();
    let said = failure(&folder, &error);
    assert!(said.contains(expected), "{name}: {said:?} lacks {expected:?}");
    assert!(
        !error.to_string().ends_with('.') && error.to_string().len() < 800,
        "{error}"
    );
}

#[test]
fn bad_text_files_are_named_with_line_and_way_out() {
    let head = "id,label,prediction\n";
    let table: &[(&str, String, &str)] = &[
        ("a.csv", String::new(), "a.csv is empty [Data]"),
        ("a.csv", head.to_owned(), "a.csv has no rows [Data]"),
        ("a.csv", "\n\n".to_owned(), "a.csv has no rows [Data]"),
        ("a.jsonl", "\n".to_owned(), "a.jsonl has no rows [Data]"),
        (
            "a.csv",
            "id;label;prediction\n1;a;b\n".to_owned(),
            "a single column \"id;label;prediction\", separated by semicolons?",
        ),
        (
            "a.csv",
            "id\tlabel\n1\ta\n".to_owned(),
            "separated by tabs? [Data] name the file .tsv",
        ),
        ("a.csv", "id|label\n1|a\n".to_owned(), "separated by bars?"),
        (
            "a.csv",
            format!("{head}1,a,a\n\n2,b\n"),
            "a.csv, line 4: 2 fields where the header has 3",
        ),
        (
            "a.csv",
            format!("{head}1,\"a\nb\",a\n2,b,c,d\n"),
            "a.csv, line 4: 4 fields",
        ),
        (
            "a.csv",
            format!("{head}1,a,a\r\n2,b\r\n")
                .replace('\n', "\r\n")
                .replace("\r\r", "\r"),
            "a.csv, line 3: 2 fields",
        ),
        (
            "a.csv",
            format!("{head}1,a,a\n2,b,\"c\n3,d,e\n"),
            "a.csv, line 3: a quoted field that begins in this record never ends",
        ),
        (
            "a.csv",
            format!("{head}1,a,\"a"),
            "a.csv, line 2: a quoted field that begins in this record never ends",
        ),
        (
            "a.csv",
            "id,label,label\n1,a,b\n".to_owned(),
            "two columns named \"label\"",
        ),
        ("a.csv", "id,,label\n1,a,b\n".to_owned(), "column 2 has no name"),
        (
            "a.csv",
            "id,label,predicton\n1,a,b\n".to_owned(),
            "no column of a.csv looks like the prediction; it has \"id\", \"label\", \"predicton\" [Usage] name it with --pred COL; the nearest names are \"predicton\"",
        ),
        (
            "a.csv",
            "id,label,target,pred\n1,a,b,c\n".to_owned(),
            "several columns of a.csv could be the ground truth: \"label\", \"target\" [Usage]",
        ),
        (
            "a.csv",
            format!("{head}1,a,a\n,b,b\n"),
            "a.csv, line 3: no key: column \"id\" is empty [Data]",
        ),
        (
            "a.csv",
            format!("{head}1,a,a\n2,,b\n"),
            "a.csv, line 3: no ground truth: column \"label\" is empty",
        ),
        (
            "a.csv",
            format!("{head}1,0.5,a\n"),
            "column \"label\" of a.csv cannot be the ground truth: it is decimal, as 0.5 [Data] numeric targets",
        ),
        (
            "a.csv",
            "id,label,prediction,conf\n1,a,a,0.5\n2,a,a,1.5\n".to_owned(),
            "a.csv, line 3: column \"conf\": confidence 1.5 is outside 0 to 1 [Data] confidence is",
        ),
        (
            "a.csv",
            "id,label,prediction,status\n1,a,a,done\n".to_owned(),
            "line 2: column \"status\": status \"done\" is none of ok, error, skipped",
        ),
        (
            "a.jsonl",
            "{\"id\":1,\"label\":\"a\",\"pred\":\"a\"}\n{\"id\":2,\n".to_owned(),
            "a.jsonl, line 2: not valid JSON: EOF",
        ),
        (
            "a.jsonl",
            "[1,2]\n".to_owned(),
            "a.jsonl, line 1: expected a JSON object, found an array [Data]",
        ),
        (
            "a.jsonl",
            "{\"id\":1,\"label\":\"a\",\"pred\":\"a\"}\n7\n".to_owned(),
            "line 2: expected a JSON object, found a number",
        ),
        (
            "a.jsonl",
            "{\"id\":1,\"label\":\"a\",\"pred\":\"a\"}\n{\"id\":\"x\",\"label\":\"a\",\"pred\":\"a\"}\n".to_owned(),
            "a.jsonl, line 2: \"id\" is text here but integer on line 1",
        ),
        (
            "a.jsonl",
            "{\"id\":1,\"label\":\"a\",\"pred\":\"a\",\"conf\":NaN}\n".to_owned(),
            "write null instead",
        ),
        ("a.jsonl", "{\"id\":1,\"id\":2}\n".to_owned(), "a field occurs twice"),
        (
            "a.jsonl",
            "{\"id\":1.5,\"label\":\"a\",\"pred\":\"a\"}\n".to_owned(),
            "column \"id\" of a.jsonl cannot be the key: it is decimal [Data] keys are text or integers",
        ),
        (
            "a.jsonl",
            "{\"id\":1,\"label\":[\"a\"],\"pred\":\"a\"}\n".to_owned(),
            "column \"label\" of a.jsonl cannot be the ground truth: it is a list",
        ),
        (
            "a.parquet",
            "PAR1 and no more".to_owned(),
            "a.parquet is damaged or incomplete (Parquet)",
        ),
        (
            "a.parquet",
            "id,label\n".to_owned(),
            "a.parquet is not a Parquet file: it does not begin with the bytes PAR1",
        ),
    ];
    for (name, content, expected) in table {
        check(name, content, expected);
    }
}

#[test]
fn bytes_that_are_no_text_are_named_with_their_line() {
    check(
        "a.csv",
        b"id,label,pred\n1,a,b\n2,\xff,b\n",
        "a.csv, line 3: not valid UTF-8",
    );
    check(
        "a.csv",
        b"id,label,pred\n1,\xc3,\xa9\n",
        "a.csv, line 2: not valid UTF-8",
    );
    check(
        "a.jsonl",
        b"{\"id\":1,\"label\":\"\xff\"}\n",
        "a.jsonl, line 1: not valid UTF-8",
    );
    check("a.csv", b"\xff\xfei\0d\0", "a.csv, line 1: not valid UTF-8");
    // Half a pair of surrogates is no character, escaped or in bytes.
    for half in ["\\ud800", "\\udc00", "\\ud800 and more"] {
        let line = format!("{{\"id\":1,\"label\":\"{half}\",\"pred\":\"b\"}}\n");
        check("a.jsonl", line, "a.jsonl, line 1: not valid JSON");
    }
    check(
        "a.jsonl",
        b"{\"id\":1,\"label\":\"\xed\xa0\x80\"}\n",
        "a.jsonl, line 1: not valid UTF-8",
    );
    check(
        "a.csv.gz",
        [0x1f, 0x8b, 8, 0, 0],
        "a.csv.gz is damaged or incomplete (gzip)",
    );
}

#[test]
fn a_truncated_gzip_file_is_damaged_wherever_it_breaks_off() {
    let folder = Folder::new();
    let mut text = "id,label,pred\n".to_owned();
    (0..20_000).for_each(|row| text += &format!("{row},{},b\n", row * 7919 % 1000));
    let whole = std::fs::read(folder.gzip("b.csv.gz", &text)).unwrap();
    check(
        "a.csv.gz",
        &whole[..whole.len() - 100],
        "a.csv.gz is damaged or incomplete (gzip)",
    );
}

#[test]
fn paths_that_are_no_files() {
    let folder = Folder::new();
    let error = run(&of(folder.path("none.csv"))).unwrap_err();
    assert!(failure(&folder, &error).starts_with("none.csv does not exist [Usage]"));
    std::fs::create_dir(folder.path("dir")).unwrap();
    let error = run(&of(folder.path("dir"))).unwrap_err();
    assert!(failure(&folder, &error).starts_with("dir is a directory, not a file [Usage]"));
    assert_eq!(run(&ImportSpec::default()).unwrap_err(), IngestError::NoFiles);
}

#[test]
fn thousands_of_columns_are_refused_at_once() {
    let names: Vec<String> = (0..10_000).map(|index| format!("c{index}")).collect();
    check(
        "a.csv",
        names.join(",") + "\n",
        "a.csv has 10000 columns, more than 2000",
    );
    let fields: Vec<String> = names.iter().map(|name| format!("\"{name}\":1")).collect();
    check(
        "a.jsonl",
        format!("{{{}}}\n", fields.join(",")),
        "a.jsonl has 10000 columns, more than 2000",
    );
}

#[test]
fn parquet_types_that_cannot_play_their_part() {
    let text = |values: [&str; 2]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
    let float = |values: [f64; 2]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    let lists = || -> ArrayRef {
        Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([
            Some(vec![Some(1)]),
            Some(vec![]),
        ]))
    };
    let table = [
        (
            float([1.0, 2.0]),
            text(["a", "b"]),
            "column \"id\" of a.parquet cannot be the key: it is decimal",
        ),
        (
            text(["1", "2"]),
            float([1.0, 2.5]),
            "column \"label\" of a.parquet cannot be the ground truth: it is decimal, as 2.5",
        ),
        (
            text(["1", "2"]),
            lists(),
            "column \"label\" of a.parquet cannot be the ground truth: it is a list",
        ),
    ];
    for (id, label, expected) in table {
        let folder = Folder::new();
        let columns = vec![("id", id), ("label", label), ("pred", text(["a", "b"]))];
        let error = run(&of(folder.parquet("a.parquet", columns))).unwrap_err();
        assert!(failure(&folder, &error).contains(expected), "{error}");
    }
    let folder = Folder::new();
    let ids: ArrayRef = Arc::new(Int64Array::from((0..2000).collect::<Vec<i64>>()));
    let path = folder.parquet("a.parquet", vec![("id", ids)]);
    let whole = std::fs::read(&path).unwrap();
    let error = run(&of(folder.write("a.parquet", &whole[..whole.len() / 2]))).unwrap_err();
    assert!(
        failure(&folder, &error).contains("a.parquet is damaged or incomplete (Parquet)"),
        "{error}"
    );
}

#[test]
fn a_slice_of_too_many_values_is_refused_with_advice() {
    let folder = Folder::new();
    let mut text = "id,label,pred,user\n".to_owned();
    (0..1500).for_each(|row| text += &format!("{row},a,b,u{row}\n"));
    let spec = ImportSpec {
        slices: vec!["user".into()],
        ..of(folder.write("a.csv", text))
    };
    let said = failure(&folder, &run(&spec).unwrap_err());
    assert!(
        said.starts_with(
            "slice column \"user\" of a.csv has more than 1000 different values, within the first 1500 rows"
        ),
        "{said}"
    );
    assert!(said.contains("[Usage] bin it"), "{said}");
}
