"""State machines over the records: the queue of runs, and the targets that run them."""
