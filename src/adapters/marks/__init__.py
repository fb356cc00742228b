"""Marks image files as machine-made: the kind of medium, the model and the seed.

A mark is IPTC's digital source type in an XMP packet and, if the operator has a signing certificate, signed C2PA
Content Credentials. Only metadata is written; the pixels are never encoded again.
"""
