"""Tables of names: what conda, v1 and PyPI call the same thing."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

__all__ = [
    "FIRST_FOR_NUMPY_2",
    "WELL_KNOWN",
    "azureml_replacement",
    "is_azureml",
    "is_conda_only",
    "pip_renamed",
    "pypi_name",
]

_CONDA_TO_PYPI = {
    "dask-core": "dask",
    "faiss": "faiss-cpu",
    "fbprophet": "prophet",
    "hdfs3": "hdfs",
    "keras-gpu": "keras",
    "matplotlib-base": "matplotlib",
    "msgpack-python": "msgpack",
    "opencv": "opencv-python-headless",
    "psycopg2": "psycopg2-binary",
    "py-lightgbm": "lightgbm",
    "py-opencv": "opencv-python-headless",
    "py-xgboost": "xgboost",
    "py-xgboost-cpu": "xgboost-cpu",
    "py-xgboost-gpu": "xgboost",
    "pyqt": "pyqt5",
    "pytables": "tables",
    "python-flatbuffers": "flatbuffers",
    "python-graphviz": "graphviz",
    "python-lmdb": "lmdb",
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "ruamel-yaml": "ruamel.yaml",
    "seaborn-base": "seaborn",
    "tensorflow-base": "tensorflow",
    "tensorflow-eigen": "tensorflow",
    "tensorflow-gpu": "tensorflow",
    "tensorflow-mkl": "tensorflow",
    "torchvision-cpu": "torchvision",
}
"""Canonical conda names whose project is called otherwise on PyPI."""

_CONDA_ONLY = frozenset(
    {
        "binutils",
        "blas",
        "boost",
        "boost-cpp",
        "bzip2",
        "c-compiler",
        "ca-certificates",
        "cairo",
        "compilers",
        "conda",
        "cpuonly",
        "cudatoolkit",
        "cudatoolkit-dev",
        "cudnn",
        "cxx-compiler",
        "ffmpeg",
        "freetype",
        "gcc",
        "gfortran",
        "git",
        "glib",
        "gxx",
        "hdf5",
        "icu",
        "intel-openmp",
        "jpeg",
        "krb5",
        "ld-impl-linux-64",
        "make",
        "mamba",
        "mkl",
        "mpich",
        "msodbcsql17",
        "nccl",
        "ncurses",
        "nodejs",
        "nomkl",
        "openblas",
        "openjdk",
        "openmpi",
        "openssl",
        "pytorch-cuda",
        "pytorch-mutex",
        "readline",
        "snappy",
        "sqlite",
        "tk",
        "unixodbc",
        "xz",
        "zlib",
    }
)
_CONDA_ONLY_PREFIXES = ("-", "cuda-", "gcc-", "gxx-", "lib", "r-", "sysroot-")
_CONDA_ONLY_NOT = frozenset({"librosa", "libcst", "libsvm", "libclang", "libsass", "liblinear-official"})

_PIP_RENAMED = {"sklearn": "scikit-learn", "tensorflow-gpu": "tensorflow"}
"""Names that PyPI keeps only to say that the project is called otherwise."""

_TABLES = ("pandas", "pyarrow")
_AUTOML = (
    *_TABLES,
    "scikit-learn",
    "lightgbm",
    "xgboost-cpu",
    "statsforecast",
    "holidays",
    "shap",
    "skl2onnx",
)
_AZUREML = (
    ("azureml-train-automl", None),
    ("azureml-automl", None),
    ("azureml-contrib-automl", None),
    ("azureml-dataprep", _TABLES),
    ("azureml-dataset-runtime", _TABLES),
    ("azureml-mlflow", ("mlflow-skinny", "pandas")),
    ("azureml-interpret", ("shap",)),
    ("azureml-explain-model", ("shap",)),
    ("azureml-contrib-interpret", ("shap",)),
    ("azureml-contrib-explain-model", ("shap",)),
    ("azureml-defaults", ()),
    ("azureml-core", ()),
    ("azureml-sdk", ()),
    ("azureml-train", ()),
    ("azureml-pipeline", ()),
    ("azureml-widgets", ()),
    ("azureml-telemetry", ()),
)
"""Beginning of a v1 package's name, and what stands for it; None: what AutoML needs."""

_SDK_EXTRAS: dict[str, tuple[str, ...] | None] = {
    "automl": None,
    "explain": ("shap",),
    "interpret": ("shap",),
    "mlflow": ("mlflow-skinny", "pandas"),
}

FIRST_FOR_NUMPY_2 = {
    "bottleneck": "1.4",
    "catboost": "1.2.8",
    "gensim": "4.4",
    "h5py": "3.11",
    "lightgbm": "4.4",
    "matplotlib": "3.9",
    "numba": "0.60",
    "numexpr": "2.10",
    "onnx": "1.16.2",
    "onnxruntime": "1.19",
    "opencv-python": "4.10.0.84",
    "opencv-python-headless": "4.10.0.84",
    "pandas": "2.2.2",
    "pyarrow": "16",
    "pywavelets": "1.6",
    "scikit-image": "0.24",
    "scikit-learn": "1.5",
    "scipy": "1.13",
    "shap": "0.46",
    "statsmodels": "0.14.2",
    "tables": "3.10",
    "tensorflow": "2.18",
    "torch": "2.3",
    "xgboost": "2.1",
}
"""First release of each project that works with NumPy 2 (of 2024-06-16); older ones often don't say so themselves."""

WELL_KNOWN = (
    *FIRST_FOR_NUMPY_2,
    "beautifulsoup4",
    "datasets",
    "joblib",
    "keras",
    "mlflow",
    "mlflow-skinny",
    "nltk",
    "numpy",
    "optuna",
    "pillow",
    "plotly",
    "pytest",
    "pyyaml",
    "requests",
    "seaborn",
    "torchvision",
    "tqdm",
    "transformers",
)
"""Names to compare a misspelt one with."""


def pypi_name(conda_name: str) -> str:
    """Return what PyPI calls a conda package.

    Examples
    --------
    >>> pypi_name("pytorch"), pypi_name("numpy")
    ('torch', 'numpy')
    """
    return _CONDA_TO_PYPI.get(canonicalize_name(conda_name), conda_name)


def is_conda_only(conda_name: str) -> bool:
    """Tell whether a conda package has no counterpart on PyPI: system libraries, compilers, R."""
    name = canonicalize_name(conda_name)
    if name in _CONDA_ONLY:
        return True
    return name.startswith(_CONDA_ONLY_PREFIXES) and name not in _CONDA_ONLY_NOT


def pip_renamed(name: str) -> str:
    """Return the name under which PyPI has a project now."""
    return _PIP_RENAMED.get(canonicalize_name(name), name)


def is_azureml(name: str) -> bool:
    """Tell whether the project belongs to the v1 SDK."""
    return canonicalize_name(name).startswith("azureml-") or canonicalize_name(name) == "azureml"


def azureml_replacement(name: str, extras: Iterable[str] = ()) -> tuple[str, ...] | None:
    """Return the projects that stand for a v1 package; None when it has no counterpart.

    Examples
    --------
    >>> azureml_replacement("azureml-defaults"), azureml_replacement("azureml-mlflow")
    ((), ('mlflow-skinny', 'pandas'))
    """
    canonical = canonicalize_name(name)
    for beginning, replacement in _AZUREML:
        if canonical == beginning or canonical.startswith(beginning + "-"):
            found = list(_automl() if replacement is None else replacement)
            break
    else:
        return None
    for extra in extras:
        more = _SDK_EXTRAS.get(canonicalize_name(extra), ())
        found.extend(_automl() if more is None else more)
    return tuple(dict.fromkeys(found))


def _automl() -> tuple[str, ...]:
    """Return what `stoker[automl]` holds, in this installation's own words where it has that extra."""
    try:
        lines = importlib.metadata.requires("stoker") or []
    except importlib.metadata.PackageNotFoundError:
        lines = []
    extra = [Requirement(line) for line in lines if "extra" in line]
    chosen = [one for one in extra if one.marker and one.marker.evaluate({"extra": "automl"})]
    return tuple(f"{one.name}{one.specifier}" for one in chosen) or _AUTOML
