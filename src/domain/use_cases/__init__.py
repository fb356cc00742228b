"""The use cases, which depend on the model and the ports only."""
