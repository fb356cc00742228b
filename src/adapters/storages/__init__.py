"""One package for each technology that images can be kept in."""
