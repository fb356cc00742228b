"""Compares Darkroom's speed with programs that do less: `make bench` writes `docs/performance.md`."""
