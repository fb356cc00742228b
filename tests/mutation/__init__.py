"""Mutants of the code that money depends on, each of which the fast tests must notice: `make mutants N=45 SEED=1`."""
