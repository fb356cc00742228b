"""Mutants of the code that decides about money; the fast tests must notice each: `make mutants N=45 SEED=1`."""
