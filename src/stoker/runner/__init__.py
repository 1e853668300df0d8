"""What carries a run out on a compute target: agent, supervisor, shipper. Standard library only."""
