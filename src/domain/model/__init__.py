"""What Darkroom is about, as values and rules: no I/O, no asyncio, the standard library only."""
