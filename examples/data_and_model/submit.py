"""Register a CSV file, train on it in a pool, register the model, and print where the model comes from."""

import subprocess
import sys

from stoker.core import Dataset, Experiment, ScriptRunConfig, Workspace
from stoker.core.compute import AmlCompute, ComputeTarget

ws = Workspace.from_config()
store = ws.get_default_datastore()
store.upload_files(["houses.csv"], target_path="houses", overwrite=True, show_progress=False)
houses = Dataset.Tabular.from_delimited_files((store, "houses/houses.csv")).register(ws, "houses")
pool = ComputeTarget.create(ws, "cpu-cluster", AmlCompute.provisioning_configuration(max_nodes=2))
config = ScriptRunConfig(".", "train.py", [houses.as_named_input("houses").as_mount()], compute_target=pool)
run = Experiment(ws, "prices").submit(config)
run.wait_for_completion()
model = run.register_model("prices", "outputs/model.json", datasets=[("training data", houses)])
subprocess.run([sys.executable, "-m", "stoker.cli", "model", "lineage", model.name], check=True)
