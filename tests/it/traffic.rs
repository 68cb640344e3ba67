//! How much of a table in object storage is read.

use crate::harness::finish;
use crate::lake::{lake, proxy_storage};

/// Text that does not compress away.
fn noise(seed: usize) -> String {
    blake3::hash(&seed.to_le_bytes()).to_hex().to_string()
}

#[test]
fn two_versions_of_fifty_are_read_and_of_them_what_is_counted() {
    const VERSIONS: usize = 50;
    const ROWS: usize = 4000;
    let Some(lake) = lake() else { return };
    let project = lake.project();
    let mut csv = String::from("sample_id,ground_truth,prediction,text,more\n");
    for row in 0..ROWS {
        let prediction = ["yes", "no", "yes"][row % 3];
        csv += &format!("s-{row:06},yes,{prediction},{},{}\n", noise(row), noise(row + ROWS));
    }
    project.file("a.csv", csv);
    for version in 0..VERSIONS {
        let version = format!("v{version}");
        let args = [
            "import",
            "a.csv",
            "--model-version",
            &version,
            "--table",
            "traffic.predictions",
            "--show",
            "text",
        ];
        finish(project.command(&args)).ok();
    }
    let size = lake.python(
        "t = catalog.load_table('traffic.predictions')\n\
         print(sum(f['file_size_in_bytes'] for f in t.inspect.data_files().to_pylist()))\n",
    );
    let size: u64 = size.trim().parse().unwrap();
    let (port, fetched) = proxy_storage(lake);
    let settings = lake
        .settings()
        .replace(&format!(":{}\"", lake.s3), &format!(":{port}\""));
    project.file("evaldiff.toml", settings);
    project
        .run(&["v7", "v31", "--table", "traffic.predictions", "--no-payload"])
        .ok();
    let fetched = fetched.load(std::sync::atomic::Ordering::SeqCst) as u64;
    let two = size * 2 / VERSIONS as u64;
    println!("{VERSIONS} versions have {size} bytes, two of them {two}; fetched {fetched}, metadata included");
    assert!(fetched > 0, "nothing went through the proxy");
    // Both texts are more than three quarters of a file.
    assert!(fetched < two / 2, "{fetched} of {two}");
}
