"""The HTTP entry point: what arrives as a request leaves as an order, what comes of it as an answer."""
