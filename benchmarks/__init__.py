"""How fast Darkroom is, beside programs that do less: `make bench` writes `docs/performance.md`."""
