"""Checks of the project's prose that a program can make."""
