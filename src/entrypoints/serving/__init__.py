"""Runs the service: listens, answers, and stops without losing a request."""
