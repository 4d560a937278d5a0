"""Makes the tables of these pages from `copier.yml`, `ownership.yml` and rendered projects."""
