"""HTTP for generators: paid calls, free calls, the download of images, and the transport beneath them."""
