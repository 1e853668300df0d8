"""Code of 2020, written for v1 of Azure Machine Learning's SDK, unchanged: `stoker azureml exec submit.py`."""

from azureml.core import Dataset, Environment, Experiment, ScriptRunConfig, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.compute_target import ComputeTargetException
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.model import Model
from azureml.telemetry import set_diagnostics_collection
from azureml.widgets import RunDetails

set_diagnostics_collection(send_diagnostics=True)
ws = Workspace.from_config()
print(ws.name, ws.resource_group, ws.location, sep="\t")

try:
    target = ComputeTarget(workspace=ws, name="cpu-cluster")
    print("Found the cluster.")
except ComputeTargetException:
    settings = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=2)
    target = ComputeTarget.create(ws, "cpu-cluster", settings)
target.wait_for_completion(show_output=True)

datastore = ws.get_default_datastore()
datastore.upload_files(["data/trips.csv"], target_path="trips", overwrite=True)
trips = Dataset.File.from_files(path=(datastore, "trips/trips.csv"))
trips = trips.register(workspace=ws, name="trips", create_new_version=True)

environment = Environment("trips")
environment.python.conda_dependencies = CondaDependencies.create(
    python_version="3.6.2", pip_packages=["azureml-defaults", "joblib==0.17.0"]
)

config = ScriptRunConfig(
    source_directory="train",
    script="train.py",
    arguments=["--data", trips.as_named_input("trips").as_mount(), "--regularization", 0.1],
    compute_target=target,
    environment=environment,
)
run = Experiment(workspace=ws, name="trips").submit(config)
RunDetails(run).show()
run.wait_for_completion(show_output=True)
print(run.get_metrics())

model = run.register_model(model_name="trips", model_path="outputs/model.pkl", tags={"area": "taxi"})
print(model.name, model.version)
print(Model(ws, "trips").download(target_dir="downloaded", exist_ok=True))
