"""Those who call the domain: the HTTP service and the command line, and the root that puts all parts together."""
