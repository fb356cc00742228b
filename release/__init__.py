"""What `make release` builds: wheel, source archive, container image, bill of materials and checksums."""
