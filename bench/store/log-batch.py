"""MLflow's side of bench/store.ts: rows a second by log_batch, milliseconds of a call with four metrics. Prints one JSON object.

python log-batch.py FOLDER   (SQLite in FOLDER, in process: its quickest way)
"""
import json, sys, time

import mlflow
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient

mlflow.set_tracking_uri(f"sqlite:///{sys.argv[1]}/mlflow.db")
client = MlflowClient()
run = client.create_run(client.create_experiment("bench")).info.run_id


def metrics(names, first, count):
    now = int(time.time() * 1000)
    return [Metric(name, float(i), now, first + i) for i in range(count) for name in names]


client.log_batch(run, metrics=metrics(["warm-up"], 0, 10))
began = time.perf_counter()
for first in range(0, 20_000, 1000):
    client.log_batch(run, metrics=metrics(["loss"], first, 1000))
rows_per_second = 20_000 / (time.perf_counter() - began)

calls = []
for step in range(200):
    began = time.perf_counter()
    client.log_batch(run, metrics=metrics(["loss", "accuracy", "precision", "recall"], step, 1))
    calls.append(1000 * (time.perf_counter() - began))
calls.sort()
print(json.dumps({"version": mlflow.__version__, "rowsPerSecond": rows_per_second, "msPerStep": calls[100]}))
