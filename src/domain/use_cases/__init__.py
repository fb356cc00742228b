"""What Darkroom does, written against the ports."""
