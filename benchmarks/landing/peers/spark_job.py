"""The job of the peer Spark: Kafka to hourly text files, in as many micro-batches as the records need.

Runs in Spark's own Python environment, with the task in the variables `PEER_…`.
"""

from __future__ import annotations

import os

from pyspark.sql import SparkSession
from pyspark.sql.functions import col, dayofmonth, hour, month, year

COMPRESSION = {
    "plain": "none",
    "gzip-1": "gzip",
    "zstd-1": "org.apache.parquet.hadoop.codec.ZstandardCodec",  # Hadoop's own codec needs a native library
}


def main() -> None:
    """Land what the topic holds now, from the offsets of the checkpoint on."""
    task = {name.removeprefix("PEER_").lower(): value for name, value in os.environ.items() if name.startswith("PEER_")}
    output = f"s3a://{task['bucket']}/{task['prefix']}"
    spark = SparkSession.builder.appName("landing").getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    records = spark.readStream.format("kafka").options(**kafka_options(task)).load()
    at = col("timestamp")
    lines = records.select(
        col("value").cast("string"),
        year(at).alias("year"),
        month(at).alias("month"),
        dayofmonth(at).alias("day"),
        hour(at).alias("hour"),
    )
    (
        lines.writeStream.format("text")
        .partitionBy("year", "month", "day", "hour")
        .option("path", f"{output}landing")
        .option("checkpointLocation", f"{output}checkpoint")
        .option("compression", COMPRESSION[task["codec"]])
        .trigger(availableNow=True)
        .start()
        .awaitTermination()
    )
    spark.stop()


def kafka_options(task: dict[str, str]) -> dict[str, str]:
    """Read from the beginning, in large fetches."""
    return {
        "kafka.bootstrap.servers": task["bootstrap_servers"],
        "subscribe": task["topic"],
        "startingOffsets": "earliest",
        "maxOffsetsPerTrigger": task["batch_records"],
        "kafka.max.partition.fetch.bytes": "8388608",
        "kafka.fetch.max.bytes": "67108864",
        "kafka.fetch.min.bytes": "65536",
        "kafka.max.poll.records": "5000",
        "kafka.receive.buffer.bytes": "1048576",
    }


if __name__ == "__main__":
    main()
