"""Adapters of `ImageStorage`: one package for each technology."""
