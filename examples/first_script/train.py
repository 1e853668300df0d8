"""Fit a line to noisy points, with a penalty on its slope, and log how it goes."""

import argparse
import json
import os
import random

from stoker.core import Run

parser = argparse.ArgumentParser()
parser.add_argument("--alpha", type=float, default=0.1, help="weight of the penalty")
alpha = parser.parse_args().alpha

run = Run.get_context()
run.log("alpha", alpha)

random.seed(0)
points = [(x / 50, 3 * x / 50 + 1 + random.gauss(0, 0.2)) for x in range(100)]

slope = intercept = 0.0
for epoch in range(50):
    errors = [(slope * x + intercept - y, x) for x, y in points]
    slope -= 0.3 * (sum(error * x for error, x in errors) / len(points) + alpha * slope)
    intercept -= 0.3 * sum(error for error, _ in errors) / len(points)
    run.log("loss", sum(error**2 for error, _ in errors) / len(points), step=epoch)

print(f"alpha {alpha}: y = {slope:.2f} x + {intercept:.2f}")

os.makedirs("outputs", exist_ok=True)
with open("outputs/model.json", "w", encoding="utf-8") as file:
    json.dump({"slope": slope, "intercept": intercept}, file)
