"""Rows for tests, whatever their columns are called."""

import dataframely as dy

from keel.testing import rows


def test_no_name_of_a_column_is_one_of_the_function_s_own() -> None:
    class Table(dy.Schema):
        usual = dy.Int64()
        name = dy.Int64()

    table = rows(Table, {"name": 3}, usual=[2])

    assert table.rows() == [(2, 3)]
