"""Runs, metrics and last values of ../shared/data/importers as TensorBoard's and MLflow's own readers see them, to importers.json.

python test/golden/importers.py   (tensorboard 2.21, mlflow 3.17)
"""
import json, os, sys

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
from mlflow.tracking import MlflowClient
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.util.tensor_util import make_ndarray

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "../../../shared/data/importers")


def tensorboard(folder):
    """Scalars of both formats, by run: tag to [number of points, last step, last value]."""
    runs = EventMultiplexer(size_guidance={"scalars": 0, "tensors": 0}).AddRunsFromDirectory(folder)
    runs.Reload()
    found = {}
    for run in runs.Runs():
        tags = runs.GetAccumulator(run).Tags()
        values = {}
        for tag in tags["scalars"]:
            events = runs.Scalars(run, tag)
            values[tag] = [len(events), events[-1].step, events[-1].value]
        for tag in tags["tensors"]:
            if runs.SummaryMetadata(run, tag).plugin_data.plugin_name != "scalars":
                continue
            events = runs.Tensors(run, tag)
            values[tag] = [len(events), events[-1].step, float(make_ndarray(events[-1].tensor_proto))]
        found[run] = values
    return found


def mlflow(folder):
    client = MlflowClient(tracking_uri="file://" + os.path.abspath(folder))
    found = {}
    for experiment in client.search_experiments():
        for run in client.search_runs([experiment.experiment_id]):
            found[run.info.run_id] = {
                "experiment": experiment.name,
                "status": run.info.status,
                "params": run.data.params,
                "metrics": run.data.metrics,
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
