"""The reference of the API: one page, written from the contract's own description, which loads nothing."""
