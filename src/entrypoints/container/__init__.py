"""The composition root: the one place that knows the adapters, and puts the house together as the settings say."""
