"""Spark sessions: on the SQLite file that evaldiff's embedded catalog is, and on a REST catalog."""

import glob
import os

from pyspark.sql import SparkSession

# Debian's SQLite driver for Java; elsewhere, SQLITE_JDBC names a jar that brings its native library along.
DRIVER = os.environ.get("SQLITE_JDBC") or "/usr/share/java/xerial-sqlite-jdbc.jar"
NATIVE = glob.glob("/usr/lib/*/jni/libsqlitejdbc.so")


def runtime():
    """Iceberg's runtime for this Spark, from a package that holds nothing but jars."""
    import snowpark_connect_deps_iceberg as package

    jars = os.path.join(os.path.dirname(package.__file__), "jars")
    return glob.glob(f"{jars}/iceberg-spark-runtime-3.5_2.12-*.jar")[0]


def open_session(home):
    """Spark with the catalog `evaldiff`, whose tables and warehouse are below the folder."""
    catalog = {
        "catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
        "uri": f"jdbc:sqlite:{home}/catalog.db",
        "warehouse": f"file://{home}/warehouse",
        "jdbc.schema-version": "V1",
    }
    return opened([runtime(), DRIVER], catalog, home)


def open_lake(env, folder):
    """Spark with a REST catalog as `evaldiff` and its tables in S3. The runtime has no classes of AWS: those of Apache's
    catalog handlers, which the tests install as well, are taken. HANDLERS names their folder."""
    parts = ("*-2.29.26.jar", "eventstream-*.jar", "reactive-streams-*.jar")
    jars = [jar for part in parts for jar in glob.glob(f"{env['HANDLERS']}/jars/{part}")]
    catalog = {
        "type": "rest",
        "uri": env["CATALOG"],
        "warehouse": env["WAREHOUSE"],
        "credential": f"{env['KEY']}:{env['SECRET']}",
        "scope": "catalog",
        "io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        "s3.endpoint": f"http://{env['S3']}",
        "s3.path-style-access": "true",
        "s3.access-key-id": env["KEY"],
        "s3.secret-access-key": env["SECRET"],
        "client.region": "us-east-1",
    }
    return opened([runtime(), *jars], catalog, folder)


def opened(jars, properties, folder):
    catalog = "spark.sql.catalog.evaldiff"
    settings = {
        "spark.driver.extraClassPath": ":".join(jars),
        "spark.driver.memory": "1g",
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        catalog: "org.apache.iceberg.spark.SparkCatalog",
        **{f"{catalog}.{name}": value for name, value in properties.items()},
        # What a procedure did is seen by the next statement.
        f"{catalog}.cache-enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.sources.partitionOverwriteMode": "dynamic",
        # Hundreds of statements over hundreds of rows: compiling code for them takes longer than running them.
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.warehouse.dir": f"{folder}/spark",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    options = ["-XX:TieredStopAtLevel=1", "-XX:ReservedCodeCacheSize=256m"]
    if NATIVE:
        options.append(f"-Dorg.sqlite.lib.path={os.path.dirname(NATIVE[0])}")
    settings["spark.driver.extraJavaOptions"] = " ".join(options)
    builder = SparkSession.builder.master("local[2]").appName("evaldiff")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session
