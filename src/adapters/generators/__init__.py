"""One module for each provider, or way of drawing."""
