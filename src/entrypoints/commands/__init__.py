"""The commands of the command line: each is a module with `declare`, for its arguments, and `run`."""
