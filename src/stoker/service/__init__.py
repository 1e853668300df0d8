"""The workspace service: the one process that writes a workspace's records."""
