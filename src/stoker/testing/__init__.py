"""Contract tests: a class of tests for each boundary, which every implementation of it passes.

Whoever writes a store, an artifact store, a launcher or an environment builder inherits the class that belongs to it
and gives it a fixture. They need pytest.
"""
