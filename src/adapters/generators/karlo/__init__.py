"""Karlo, Kakao's image provider: its REST API for text-to-image, version 2.

The contract was gathered from Kakao's documentation, copies of it in public code, and captured exchanges. Kakao ended
the hosted service in 2024, so inferences, which comments mark as such, can no longer be confirmed. Any server with this
contract can replace Kakao's.
"""

from darkroom.adapters.generators.karlo.generator import KarloImageGenerator, open_karlo

__all__ = ["KarloImageGenerator", "open_karlo"]
