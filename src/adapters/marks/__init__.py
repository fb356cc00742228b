"""The mark of machine-made media in an image file: what it is, which model made it, and from which seed.

IPTC's digital source type in an XMP packet and, where the operator signs, C2PA Content Credentials around it. Files are
never encoded anew: what is written goes beside the pixels.
"""
