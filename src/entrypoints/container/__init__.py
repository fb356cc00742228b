"""The composition root: the only package that imports the adapters, and connects all parts as the settings say."""
