"""Adapters of the domain's ports: a module or package for each technology."""
