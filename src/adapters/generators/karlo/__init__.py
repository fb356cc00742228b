"""Karlo, Kakao's image provider: its REST API for text-to-image, version 2.

The contract was gathered from Kakao's documentation, from copies of it in public code, and from captured exchanges.
Kakao ended the hosted service in 2024, so what had to be inferred can no longer be asked of anybody; it says so where
it stands. Whoever speaks this contract can stand in for Kakao.
"""

from darkroom.adapters.generators.karlo.generator import KarloImageGenerator, open_karlo

__all__ = ["KarloImageGenerator", "open_karlo"]
