"""What every part of Stoker shares: states, names, times, paths, the journal. Standard library only."""
