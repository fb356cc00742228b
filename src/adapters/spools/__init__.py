"""Adapters of `ImageSpool`: one module for each technology."""
