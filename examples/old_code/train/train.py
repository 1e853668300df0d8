"""Fits the cost of a trip by its length: written for v1, unchanged."""

import argparse
import csv
import os

import joblib
from azureml.core.run import Run

parser = argparse.ArgumentParser()
parser.add_argument("--data", type=str)
parser.add_argument("--regularization", type=float, default=0.0)
args = parser.parse_args()
run = Run.get_context()

# One file is mounted as that file, a folder as a folder.
path = args.data if os.path.isfile(args.data) else os.path.join(args.data, "trips.csv")
with open(path) as file:
    trips = [(float(row["distance"]), float(row["cost"])) for row in csv.DictReader(file)]

mean_x = sum(x for x, _ in trips) / len(trips)
mean_y = sum(y for _, y in trips) / len(trips)
above = sum((x - mean_x) * (y - mean_y) for x, y in trips)
slope = above / (sum((x - mean_x) ** 2 for x, _ in trips) + args.regularization)
error = sum((mean_y + slope * (x - mean_x) - y) ** 2 for x, y in trips) / len(trips)

run.log("trips", len(trips))
run.log("slope", slope)
run.log("mse", error)
os.makedirs("outputs", exist_ok=True)
joblib.dump({"slope": slope, "intercept": mean_y - slope * mean_x}, "outputs/model.pkl")
