"""Where data lies: folders, object stores, addresses; with a cache, fingerprints and read-only views."""
