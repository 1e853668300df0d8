"""Choices for reading files."""

from __future__ import annotations

import enum

__all__ = ["FileEncoding", "FileType", "HistogramCompareMethod", "PromoteHeadersBehavior", "SkipLinesBehavior"]


class PromoteHeadersBehavior(enum.Enum):
    """How the first line of each delimited file is taken."""

    NO_HEADERS = 0
    """No file has column names: the columns are called `Column1`, `Column2`, ..."""
    ONLY_FIRST_FILE_HAS_HEADERS = 1
    """The first line of the first file holds the names; the other files have only rows."""
    COMBINE_ALL_FILES_HEADERS = 2
    """Each file has names of its own; the dataset has all of them."""
    ALL_FILES_HAVE_SAME_HEADERS = 3
    """Each file begins with the same names."""


class SkipLinesBehavior(enum.Enum):
    """Which files have lines to be left out at their beginning."""

    NO_ROWS = 0
    FROM_FIRST_FILE_ONLY = 1
    FROM_ALL_FILES = 2


class FileEncoding(enum.Enum):
    """How text is written as bytes."""

    UTF8 = 0
    ISO88591 = 1
    LATIN1 = 2
    ASCII = 3
    UTF16 = 4
    UTF32 = 5
    UTF8BOM = 6
    WINDOWS1252 = 7


class FileType(enum.Enum):
    """What a file looks like."""

    GENERIC_CSV = "GenericCSV"
    GENERIC_CSV_NO_HEADER = "GenericCSVNoHeader"
    GENERIC_TSV = "GenericTSV"
    GENERIC_TSV_NO_HEADER = "GenericTSVNoHeader"
    ZIP = "Zip"
    UNKNOWN = "Unknown"


class HistogramCompareMethod(enum.Enum):
    """How two histograms are compared."""

    WASSERSTEIN = 0
    ENERGY = 1
