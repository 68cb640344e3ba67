//! evaldiff.toml with mistakes.

use crate::cli::toml_file::read;
use crate::error::ErrorKind;

#[test]
fn mistakes_name_file_line_and_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("evaldiff.toml");
    for (text, words) in [
        (
            "\ntabel = \"a.b\"",
            "evaldiff.toml:2: unknown key `tabel`\nhint: did you mean `table`?",
        ),
        (
            "[compare]\nalhpa = 1",
            "evaldiff.toml:2: unknown key `alhpa`\nhint: did you mean `alpha`?",
        ),
        (
            "[column]\n",
            "evaldiff.toml:1: unknown key `column`\nhint: did you mean `columns`?",
        ),
        (
            "zzz = 1",
            "unknown key `zzz`\nhint: known here: table, catalog, columns, compare, engine, report",
        ),
        (
            "# x\n[compare]\n\nalpha = 0.9",
            "evaldiff.toml:4: `alpha = 0.9`: a significance level lies above 0",
        ),
        (
            "[compare]\nmin_effect = -1.0",
            "evaldiff.toml:2: `min_effect = -1.0`: a minimum effect is 0 or more",
        ),
        (
            "[compare]\ntop = 0",
            "evaldiff.toml:2: `top = 0`: a list shows 1 to 10000 samples, not 0",
        ),
        (
            "[compare]\nhide = [\"\"]",
            "evaldiff.toml:2: `hide = [\"\"]`: a name holds more than white space",
        ),
        (
            "[compare]\nno_payload = 1",
            "evaldiff.toml:2: `no_payload = 1`: invalid type",
        ),
        (
            "table = \"predictions\"",
            "evaldiff.toml:1: `table = \"predictions\"`: a table is written",
        ),
        (
            "[catalog]\ntype = \"hive\"",
            "evaldiff.toml:2: `type = \"hive\"`: unknown variant `hive`, expected `sql` or `rest`",
        ),
        (
            "[catalog]\nuri = \"mysql://h\"",
            "evaldiff.toml:2: `uri = \"mysql://h\"`: a catalog is an SQLite file",
        ),
        (
            "[catalog]\nwarehouse = \"\"",
            "evaldiff.toml:2: `warehouse = \"\"`: a name holds more",
        ),
        (
            "[columns]\ntruth = \" \"",
            "evaldiff.toml:2: `truth = \" \"`: a name holds more than white space",
        ),
        (
            "[columns]\nid = \"ticket\"",
            "evaldiff.toml:2: `id = \"ticket\"`: invalid type",
        ),
        (
            "[engine]\nmemory_limit = \"256M\"",
            "evaldiff.toml:2: `memory_limit = \"256M\"`: `M` can mean two",
        ),
        (
            "[engine]\nmemory_limit = 256",
            "evaldiff.toml:2: `memory_limit = 256`: invalid type",
        ),
        ("[engine]\nthreads = 0", "the engine uses 1 to 1024 threads, not 0"),
        ("a b", "evaldiff.toml:1: `a b`: "),
        (
            "table = \"a.b\"\ntable = \"c.d\"",
            "evaldiff.toml:2: `table = \"c.d\"`: duplicate key",
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = read(&path).err().expect(text);
        assert_eq!(error.kind(), ErrorKind::Usage, "{text}");
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
}

#[test]
fn an_empty_file_and_whole_numbers_are_fine() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("evaldiff.toml");
    for text in [
        "",
        "\u{feff}table = \"a.b\"\r\n",
        "[compare]\nmin_effect = 0\n",
        "[catalog]\ntype = \"sql\"",
    ] {
        std::fs::write(&path, text).unwrap();
        assert!(read(&path).is_ok(), "{text:?}: {:?}", read(&path).err());
    }
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(read(&path).err().unwrap().to_string().contains("cannot read"));
}
