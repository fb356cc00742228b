"""What every generator over HTTP needs, once: the paid call, the fetch of what it names, and what carries them."""
