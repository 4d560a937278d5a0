"""How a model is built: one module each, named in `project.py` and chosen by `model` in `conf/`."""
