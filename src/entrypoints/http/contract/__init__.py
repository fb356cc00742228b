"""The published contract: OpenAPI, the reference page, and the pages of problem types."""
