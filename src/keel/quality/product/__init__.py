"""Is the product well: what model and data are like, beside the error budgets."""
