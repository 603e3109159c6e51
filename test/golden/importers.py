"""Runs and whole curves of ../shared/data/importers as TensorBoard's and MLflow's own readers see them, to importers.json.

A curve is [points, last step, last value, digest]; the digest is of every step (int64) and value (float64) in the reader's order.

python test/golden/importers.py   (tensorboard 2.21, mlflow 3.17)
"""
import glob, hashlib, json, math, os, shutil, struct, sys, tempfile

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
from mlflow.tracking import MlflowClient
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.util.tensor_util import make_ndarray

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "../../../shared/data/importers")


def curve(points):
    digest = hashlib.sha256()
    for step, value in points:
        digest.update(struct.pack("<qd", step, math.nan if math.isnan(value) else value))
    return [len(points), *points[-1], digest.hexdigest()[:16]]


def tensorboard(folder):
    """Scalars of both formats, by run and tag."""
    runs = EventMultiplexer(size_guidance={"scalars": 0, "tensors": 0}).AddRunsFromDirectory(folder)
    runs.Reload()
    found = {}
    for run in runs.Runs():
        tags = runs.GetAccumulator(run).Tags()
        values = {}
        for tag in tags["scalars"]:
            events = runs.Scalars(run, tag)
            values[tag] = curve([(event.step, event.value) for event in events])
        for tag in tags["tensors"]:
            if runs.SummaryMetadata(run, tag).plugin_data.plugin_name != "scalars":
                continue
            events = runs.Tensors(run, tag)
            values[tag] = curve([(event.step, float(make_ndarray(event.tensor_proto))) for event in events])
        found[run] = values
    return found


def whole(folder, copy):
    """MLflow gives no curve of a run that lacks one of its folders, and git keeps no empty folders."""
    shutil.copytree(folder, copy)
    for meta in glob.glob(os.path.join(copy, "*", "*", "meta.yaml")):
        for name in ("artifacts", "metrics", "params", "tags"):
            os.makedirs(os.path.join(os.path.dirname(meta), name), exist_ok=True)
    return copy


def mlflow(folder):
    with tempfile.TemporaryDirectory() as place:
        return read_mlflow(whole(folder, os.path.join(place, "mlruns")))


def read_mlflow(folder):
    client = MlflowClient(tracking_uri="file://" + folder)
    found = {}
    for experiment in client.search_experiments():
        for run in client.search_runs([experiment.experiment_id]):
            found[run.info.run_id] = {
                "experiment": experiment.name,
                "status": run.info.status,
                "params": run.data.params,
                "metrics": run.data.metrics,
                "curves": {
                    name: curve([(one.step, one.value) for one in client.get_metric_history(run.info.run_id, name)])
                    for name in run.data.metrics
                },
            }
    return found


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps({"tensorboard": tensorboard, "mlflow": mlflow}[sys.argv[1]](sys.argv[2]), allow_nan=True))
    else:
        golden = {
            "tensorboard": {name: tensorboard(os.path.join(DATA, "tensorboard", name)) for name in sorted(os.listdir(os.path.join(DATA, "tensorboard")))},
            "mlflow": {name: mlflow(os.path.join(DATA, "mlflow", name)) for name in sorted(os.listdir(os.path.join(DATA, "mlflow")))},
        }
        json.dump(golden, open(os.path.join(HERE, "importers.json"), "w"), indent=1, sort_keys=True)
