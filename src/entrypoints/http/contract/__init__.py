"""The contract as it is published: OpenAPI, the reference, the pages of problem types."""
