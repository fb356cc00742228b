"""One module for each technology that drawn images can wait in."""
