"""One script a claim of docs/performance.md; `python -m benchmarks` runs all and prints the table."""
