"""Train one ridge regression on the diabetes data: the script that each run of `stoker demo` runs as train.py."""

from __future__ import annotations

import argparse
import os
from typing import Any

import joblib
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split

from stoker.core import Run

__all__ = ["data", "main"]


def data() -> list[Any]:
    """Return the data: training inputs, test inputs, training targets, test targets."""
    inputs, targets = load_diabetes(return_X_y=True)
    parts: list[Any] = train_test_split(inputs, targets, test_size=0.2, random_state=0)
    return parts


def main() -> None:
    """Train with the alpha that is given, log the error, keep the model."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--alpha", type=float, required=True)
    alpha = parser.parse_args().alpha

    run = Run.get_context()
    train_inputs, test_inputs, train_targets, test_targets = data()
    model = Ridge(alpha=alpha).fit(train_inputs, train_targets)
    error = mean_squared_error(test_targets, model.predict(test_inputs))
    run.log("alpha", alpha)
    run.log("mse", error)
    os.makedirs("outputs", exist_ok=True)
    joblib.dump(model, os.path.join("outputs", "model.joblib"))
    print(f"alpha {alpha:g}: mse {error:.2f}")  # noqa: T201  # this is the run's log


if __name__ == "__main__":
    main()
