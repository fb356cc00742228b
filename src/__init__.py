"""Darkroom: one authenticated HTTP call draws images and keeps them in your own storage."""
