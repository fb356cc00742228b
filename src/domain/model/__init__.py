"""The values and rules of the domain: no I/O, no asyncio, the standard library only."""
