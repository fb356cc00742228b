"""The reference page of the API: one page, generated from the OpenAPI document, that loads no other files."""
