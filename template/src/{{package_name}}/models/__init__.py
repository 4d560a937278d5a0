"""One module for each model; `project.py` lists them, and `model` in `conf/` chooses one."""
