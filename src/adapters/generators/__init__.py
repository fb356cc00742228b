"""The image generators: one package for each provider or engine, and decorators for any generator."""
