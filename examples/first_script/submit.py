"""Run train.py through Stoker, watch it, and read back what it logged."""

from stoker.core import Experiment, ScriptRunConfig, Workspace

workspace = Workspace.from_config()
experiment = Experiment(workspace, "first-script")
config = ScriptRunConfig(source_directory=".", script="train.py", arguments=["--alpha", 0.1])

run = experiment.submit(config)
run.wait_for_completion(show_output=True)

metrics = run.get_metrics()
print("alpha", metrics["alpha"], "last loss", round(metrics["loss"][-1], 4))
print(run.get_file_names())
print(run.get_portal_url())
