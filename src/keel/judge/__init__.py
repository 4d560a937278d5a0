"""Whether a model may be used: scores, intervals, gates, champion, ageing, and the report."""
