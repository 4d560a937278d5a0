"""The files of a project that are about a table, in place of the worked example."""
