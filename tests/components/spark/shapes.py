"""One table for each shape in which Spark writes evaluation results, with what a comparison of v1 and v2 has to count."""

COLUMNS = "run_id STRING, model_version STRING, eval_timestamp TIMESTAMP, sample_id STRING, ground_truth STRING, prediction STRING"
ON_READ = {"write.delete.mode": "merge-on-read", "write.update.mode": "merge-on-read", "write.merge.mode": "merge-on-read"}


class Shapes:
    def __init__(self, spark):
        self.spark = spark
        self.sql("CREATE NAMESPACE IF NOT EXISTS evaldiff.shapes")

    def sql(self, text):
        return self.spark.sql(text)

    def table(self, name, columns=COLUMNS, by="", space="shapes", **properties):
        listed = ", ".join(f"'{k}'='{v}'" for k, v in {"format-version": "2", **properties}.items())
        partitioned = f"PARTITIONED BY ({by})" if by else ""
        self.sql(f"CREATE TABLE evaldiff.{space}.{name} ({columns}) USING iceberg {partitioned} TBLPROPERTIES ({listed})")
        return f"evaldiff.{space}.{name}"

    def rows(self, version, wrong, where="true", more=""):
        """A run over 400 samples on three days, every `wrong`-th answer wrong; v1 is wrong at each 4th, v2 at each 6th."""
        return (
            f"SELECT 'run-{version}' run_id, '{version}' model_version, "
            "timestampadd(DAY, CAST(id % 3 AS INT), TIMESTAMP '2026-03-01 12:00:00') eval_timestamp, "
            f"concat('s', id) sample_id, 'x' ground_truth, if(id % {wrong} = 0, 'y', 'x') prediction {more} "
            f"FROM range(0, 400, 1, 1) WHERE {where}"
        )

    def insert(self, table, *selects):
        for select in selects:
            self.sql(f"INSERT INTO {table} {select}")

    def two_runs(self, table):
        self.insert(table, self.rows("v1", 4), self.rows("v2", 6))

    def call(self, procedure):
        return self.sql(f"CALL evaldiff.system.{procedure}").collect()

    def snapshots(self, table):
        rows = self.sql(f"SELECT snapshot_id FROM {table}.snapshots ORDER BY committed_at").collect()
        return [row.snapshot_id for row in rows]

    def java(self, table):
        loader = self.spark._jvm.org.apache.iceberg.spark.Spark3Util
        return loader.loadIcebergTable(self.spark._jsparkSession, table)

    def expire(self, table):
        return self.call(f"expire_snapshots(table => '{table}', older_than => TIMESTAMP '2100-01-01 00:00:00', retain_last => 1)")

    def rewrite(self, name):
        """Writes every file anew that delete files apply to."""
        options = "map('min-input-files', '1', 'delete-file-threshold', '1', 'remove-dangling-deletes', 'true')"
        self.call(f"rewrite_data_files(table => 'shapes.{name}', options => {options})")

    # Each method from here to `expected` makes the table of its name.

    def several_runs_in_a_snapshot(self, name):
        self.insert(self.table(name), f"{self.rows('v1', 4)} UNION ALL {self.rows('v2', 6)}")

    def several_snapshots_for_a_run(self, name):
        table = self.table(name)
        for part in ("id < 150", "id >= 150"):
            self.insert(table, self.rows("v1", 4, part), self.rows("v2", 6, part))

    def by_identity(self, name):
        self.two_runs(self.table(name, by="model_version"))

    def by_day(self, name):
        table = self.table(name, by="days(eval_timestamp)")
        self.insert(table, f"{self.rows('v1', 4)} UNION ALL {self.rows('v2', 6)}")

    def by_bucket(self, name):
        table = self.table(name, by="model_version, bucket(4, sample_id)")
        self.two_runs(table)

    def partitioning_changed(self, name):
        table = self.table(name)
        self.insert(table, self.rows("v1", 4))
        self.sql(f"ALTER TABLE {table} ADD PARTITION FIELD days(eval_timestamp)")
        self.insert(table, self.rows("v2", 6))

    def columns_swapped(self, name):
        """What was written under one name is read under the other: only field ids tell."""
        table = self.table(name)
        swapped = self.rows("v1", 4).replace("'x' ground_truth", "'x' truth")
        self.sql(f"INSERT INTO {table} SELECT run_id, model_version, eval_timestamp, sample_id, prediction, truth FROM ({swapped})")
        for old, new in (("prediction", "aside"), ("ground_truth", "prediction"), ("aside", "ground_truth")):
            self.sql(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
        self.sql(f"INSERT INTO {table} BY NAME {self.rows('v2', 6)}")

    def columns_added_dropped_reordered(self, name):
        table = self.table(name, COLUMNS + ", note STRING")
        self.sql(f"INSERT INTO {table} BY NAME {self.rows('v1', 4, more=', concat(id) note')}")
        self.sql(f"ALTER TABLE {table} DROP COLUMN note")
        self.sql(f"ALTER TABLE {table} ADD COLUMN channel STRING FIRST")
        self.sql(f"ALTER TABLE {table} ADD COLUMN note STRING")
        self.sql(f"ALTER TABLE {table} ALTER COLUMN prediction AFTER channel")
        self.sql(f"INSERT INTO {table} BY NAME {self.rows('v2', 6, more=', concat(id % 2) channel, concat(id) note')}")

    def column_dropped_and_added_again(self, name):
        """The answers of v1 under the old column are gone: the new one of the same name is empty for them."""
        table = self.table(name)
        self.insert(table, self.rows("v1", 4))
        self.sql(f"ALTER TABLE {table} DROP COLUMN prediction")
        self.sql(f"ALTER TABLE {table} ADD COLUMN prediction STRING")
        self.insert(table, self.rows("v2", 6))

    def types_promoted(self, name):
        table = self.table(name, COLUMNS.replace("sample_id STRING", "sample_id INT") + ", confidence FLOAT")
        numbered = ", CAST(0.5 AS FLOAT) confidence"
        self.insert(table, self.rows("v1", 4, more=numbered).replace("concat('s', id)", "CAST(id AS INT)"))
        self.sql(f"ALTER TABLE {table} ALTER COLUMN sample_id TYPE BIGINT")
        self.sql(f"ALTER TABLE {table} ALTER COLUMN confidence TYPE DOUBLE")
        self.insert(table, self.rows("v2", 6, more=", 0.25D confidence").replace("concat('s', id)", "id"))

    def unusual_types(self, name):
        columns = (
            "nested STRUCT<a: INT, b: ARRAY<STRING>>, mapped MAP<STRING, INT>, listed ARRAY<STRUCT<c: DOUBLE>>, "
            "bytes BINARY, amount DECIMAL(20, 4), local TIMESTAMP_NTZ, day DATE, flag BOOLEAN"
        )
        table = self.table(name, f"{columns}, {COLUMNS}")
        self.java(table).updateSchema().addColumn("trace", self.spark._jvm.org.apache.iceberg.types.Types.UUIDType.get()).commit()
        values = (
            ", named_struct('a', 1, 'b', array('p')) nested, map('k', 1) mapped, array(named_struct('c', 1.5D)) listed, "
            "X'00FF' bytes, CAST(1.5 AS DECIMAL(20, 4)) amount, TIMESTAMP_NTZ '2026-03-01 00:00:00' local, "
            "DATE '2026-03-01' day, true flag, '123e4567-e89b-12d3-a456-426614174000' trace"
        )
        for version, wrong in (("v1", 4), ("v2", 6)):
            self.sql(f"INSERT INTO {table} BY NAME {self.rows(version, wrong, more=values)}")

    def deleted_on_write(self, name):
        table = self.table(name)
        self.two_runs(table)
        self.sql(f"DELETE FROM {table} WHERE sample_id IN ('s0', 's4', 's7')")

    def deleted_by_position(self, name):
        table = self.table(name, **ON_READ)
        self.two_runs(table)
        self.sql(f"DELETE FROM {table} WHERE sample_id IN ('s0', 's4', 's7')")

    def deleted_by_position_in_avro(self, name, of="avro"):
        table = self.table(name, **ON_READ, **{"write.delete.format.default": of})
        self.two_runs(table)
        self.sql(f"DELETE FROM {table} WHERE sample_id IN ('s0', 's4', 's7')")

    def deleted_by_position_in_orc(self, name):
        self.deleted_by_position_in_avro(name, "orc")

    def run_deleted_whole(self, name):
        """A newer run of v2, of which nothing is left: v2 is the older one again."""
        table = self.table(name)
        self.two_runs(table)
        newer = self.rows("v2", 2).replace("'run-v2'", "'run-v2-again'")
        self.insert(table, newer)
        self.sql(f"DELETE FROM {table} WHERE run_id = 'run-v2-again'")

    def run_deleted_whole_among_runs(self, name):
        """The same in a file that holds other runs too, row by row."""
        table = self.table(name, **ON_READ)
        newer = self.rows("v2", 2).replace("'run-v2'", "'run-v2-again'")
        runs = f"{self.rows('v1', 4)} UNION ALL {self.rows('v2', 6)} UNION ALL {newer}"
        self.insert(table, f"SELECT /*+ COALESCE(1) */ * FROM ({runs})")
        self.sql(f"DELETE FROM {table} WHERE run_id = 'run-v2-again'")

    def deleted_by_position_among_runs(self, name):
        table = self.table(name, **ON_READ)
        self.insert(table, f"{self.rows('v1', 4)} UNION ALL {self.rows('v2', 6)}")
        self.sql(f"DELETE FROM {table} WHERE model_version = 'v1' AND sample_id IN ('s0', 's4', 's7')")

    def deleted_by_position_in_parts(self, name):
        """Several commits, each with one delete file for all data files of both runs."""
        table = self.table(name, **ON_READ, **{"write.delete.granularity": "partition"})
        for part in ("id < 150", "id >= 150"):
            self.insert(table, self.rows("v1", 4, part), self.rows("v2", 6, part))
        for samples in ("'s0', 's390'", "'s4', 's5', 's300'"):
            self.sql(f"DELETE FROM {table} WHERE sample_id IN ({samples})")

    def deleted_then_appended(self, name):
        table = self.table(name, **ON_READ)
        self.insert(table, self.rows("v1", 4))
        self.sql(f"DELETE FROM {table} WHERE sample_id IN ('s0', 's4', 's7')")
        self.insert(table, self.rows("v2", 6))

    def updated_on_read(self, name):
        table = self.table(name, **ON_READ)
        self.two_runs(table)
        self.sql(f"UPDATE {table} SET prediction = 'x' WHERE model_version = 'v2' AND sample_id IN ('s0', 's6', 's12')")

    def deleted_by_vector(self, name):
        table = self.table(name, **{"format-version": "3"}, **ON_READ)
        self.two_runs(table)
        self.sql(f"DELETE FROM {table} WHERE sample_id IN ('s0', 's4', 's7')")

    def deleted_by_vector_among_runs(self, name):
        table = self.table(name, **{"format-version": "3"}, **ON_READ)
        self.insert(table, f"{self.rows('v1', 4)} UNION ALL {self.rows('v2', 6)}")
        self.sql(f"DELETE FROM {table} WHERE sample_id IN ('s0', 's4')")
        self.sql(f"DELETE FROM {table} WHERE model_version = 'v2' AND sample_id = 's7'")

    def format_three(self, name):
        self.two_runs(self.table(name, **{"format-version": "3"}))

    def deleted_by_equality(self, name):
        """Spark writes no such file, so Iceberg's own library does, as Flink would."""
        table = self.table(name)
        self.two_runs(table)
        jvm, java = self.spark._jvm, self.java(table)
        iceberg = jvm.org.apache.iceberg
        field = java.schema().findField("sample_id").fieldId()
        ids = self.spark.sparkContext._gateway.new_array(jvm.int, 1)
        ids[0] = field
        schema = java.schema().select(["sample_id"])
        factory = iceberg.data.GenericAppenderFactory(java.schema(), java.spec(), ids, schema, None)
        out = java.io().newOutputFile(java.location() + "/data/equality.parquet")
        out = iceberg.encryption.EncryptedFiles.plainAsEncryptedOutput(out)
        writer = factory.newEqDeleteWriter(out, iceberg.FileFormat.PARQUET, None)
        for sample in ("s0", "s4", "s7"):
            record = iceberg.data.GenericRecord.create(schema)
            record.setField("sample_id", sample)
            writer.write(record)
        writer.close()
        java.newRowDelta().addDeletes(writer.toDeleteFile()).commit()

    def compacted_after_equality_deletes(self, name):
        self.deleted_by_equality(name)
        self.rewrite(name)

    def whole_files_deleted(self, name):
        """Deletes whole files of a run and leaves others of it."""
        table = self.table(name, by="model_version, days(eval_timestamp)")
        self.two_runs(table)
        self.sql(f"DELETE FROM {table} WHERE model_version = 'v1' AND eval_timestamp < TIMESTAMP '2026-03-02 00:00:00'")

    def compacted(self, name):
        self.several_snapshots_for_a_run(name)
        table = f"evaldiff.shapes.{name}"
        self.call(f"rewrite_data_files(table => 'shapes.{name}', options => map('min-input-files', '2'))")
        assert self.sql(f"SELECT operation FROM {table}.snapshots ORDER BY committed_at DESC").first()[0] == "replace"

    def compacted_after_deletes(self, name):
        self.deleted_by_position(name)
        self.rewrite(name)

    def compacted_and_expired(self, name):
        """What a team does every night: of the commits that brought the runs nothing is left."""
        self.compacted(name)
        self.expire(f"shapes.{name}")

    def expired(self, name):
        self.two_runs(self.table(name))
        self.expire(f"shapes.{name}")

    def overwritten(self, name):
        table = self.table(name, by="model_version")
        self.insert(table, self.rows("v1", 2), self.rows("v2", 6))
        self.sql(f"INSERT OVERWRITE {table} {self.rows('v1', 4)}")

    def replaced(self, name):
        table = self.table(name)
        self.insert(table, self.rows("v1", 2), self.rows("v2", 2))
        both = f"{self.rows('v1', 4)} UNION ALL {self.rows('v2', 6)}"
        self.sql(f"CREATE OR REPLACE TABLE {table} USING iceberg AS {both}")

    def audited_on_a_branch(self, name):
        table = self.table(name)
        self.insert(table, self.rows("v1", 4))
        self.sql(f"ALTER TABLE {table} CREATE BRANCH audit")
        self.insert(f"{table}.branch_audit", self.rows("v2", 6))
        self.call(f"fast_forward('shapes.{name}', 'main', 'audit')")

    def rolled_back(self, name):
        table = self.table(name)
        self.insert(table, self.rows("v1", 4))
        kept = self.snapshots(table)[-1]
        self.insert(table, self.rows("v2", 2))
        self.call(f"rollback_to_snapshot('shapes.{name}', {kept})")
        self.insert(table, self.rows("v2", 6))

    def branched(self, name):
        table = self.table(name)
        self.two_runs(table)
        self.sql(f"ALTER TABLE {table} CREATE BRANCH trial")
        self.sql(f"INSERT INTO {table}.branch_trial {self.rows('v2', 2)}")

    def merged(self, name):
        """Written twice by a job that merges by sample and version."""
        table = self.table(name)
        self.insert(table, self.rows("v1", 2), self.rows("v2", 6))
        self.sql(
            f"MERGE INTO {table} t USING ({self.rows('v1', 4)}) s ON t.sample_id = s.sample_id AND t.model_version = s.model_version "
            "WHEN MATCHED THEN UPDATE SET prediction = s.prediction WHEN NOT MATCHED THEN INSERT *"
        )

    def expected(self, table):
        """What a comparison has to count, by Spark itself."""
        side = "(SELECT sample_id, ground_truth, prediction, ground_truth <=> prediction AS good FROM {} WHERE model_version = '{}')"
        a, b = side.format(table, "v1"), side.format(table, "v2")
        row = self.sql(
            "SELECT count_if(a.sample_id IS NOT NULL AND b.sample_id IS NOT NULL) matched, count_if(b.sample_id IS NULL) only_baseline, "
            "count_if(a.sample_id IS NULL) only_candidate, count_if(a.good AND b.good) both_correct, count_if(a.good AND NOT b.good) regressed, "
            f"count_if(NOT a.good AND b.good) fixed, count_if(NOT a.good AND NOT b.good) both_wrong "
            f"FROM {a} a FULL OUTER JOIN {b} b ON a.sample_id = b.sample_id"
        ).first()
        kinds = self.sql(f"SELECT DISTINCT content FROM {table}.delete_files ORDER BY content").collect()
        operations = self.sql(f"SELECT operation FROM {table}.snapshots ORDER BY committed_at").collect()
        snapshots = [str(snapshot) for snapshot in self.snapshots(table)]
        done = [o.operation for o in operations]
        return {**row.asDict(), "deletes": [k.content for k in kinds], "operations": done, "snapshots": snapshots}


    def make(self):
        """Makes every shape; gives, for each, the counts by Spark's SQL, the kinds of its delete files (1: positions or a
        deletion vector, 2: equality) and its snapshots with their operations."""
        made = {}
        for name in SHAPES:
            getattr(self, name)(name)
            made[name] = self.expected(f"evaldiff.shapes.{name}")
        return made


def _shapes():
    names = [name for name, value in vars(Shapes).items() if callable(value)]
    return names[names.index("several_runs_in_a_snapshot") : names.index("expected")]


SHAPES = _shapes()
