"""Explore the examples, the features, the model's errors, and single predictions.

`uv run keel notebook` opens it; a cell runs again when its inputs change. To make a tested feature
of an idea, see docs/how-to.md, "From a notebook".
"""

import marimo

app = marimo.App(width="medium")


@app.cell
def _():
    import altair as alt
    import keel
    import marimo as mo
    import polars as pl

    run = keel.Run()  # the last run; `keel notebook --run outputs/quick` opens another
    return alt, mo, pl, run


@app.cell
def _(mo, run):
    mo.vstack([mo.md("# The examples"), mo.ui.table(run.examples.head(1000).collect())])
    return


@app.cell
def _(pl, run):
    judged = run.judged.sample(min(run.judged.height, 2000), seed=1)  # test examples
    features = run.features(judged)
    errors = run.errors(judged)
    summary = pl.DataFrame(
        {
            "feature": features.columns,
            "type": [str(column.dtype) for column in features],
            "unknown": [column.null_count() for column in features],
            "values": [column.n_unique() for column in features],
        }
    )
    return errors, features, judged, summary


@app.cell
def _(features, mo, summary):
    feature = mo.ui.dropdown(features.columns, value=features.columns[0], label="feature")
    mo.vstack([mo.md("# The features"), mo.ui.table(summary), feature])
    return (feature,)


@app.cell
def _(alt, errors, feature, features):
    column = features[feature.value].alias("value")
    values = alt.X("value", title=feature.value)
    if column.dtype.is_numeric() and column.n_unique() > 30:
        values = alt.X("value", title=feature.value, bin=alt.Bin(maxbins=30))
    bars = alt.Chart(errors.with_columns(column), width=300).mark_bar()
    bars.encode(values, y="count()") | bars.encode(values, y="mean(error)")
    return


@app.cell
def _(features, mo):
    few = [column.name for column in features if column.n_unique() <= 30] or features.columns
    slices = mo.ui.dropdown(few, value=few[0], label="slices by")
    mo.vstack([mo.md("# Errors"), slices])
    return (slices,)


@app.cell
def _(alt, errors, features, mo, pl, slices):
    by_slice = (
        errors.with_columns(value=features[slices.value].cast(pl.String))
        .group_by("value")
        .agg(pl.len().alias("rows"), pl.mean("error"))
        .sort("error", descending=True)
    )
    chart = (
        alt.Chart(by_slice)
        .mark_bar()
        .encode(alt.Y("value", sort="-x"), x=alt.X("error", title="mean error"))
    )
    mo.hstack([mo.ui.table(by_slice), chart])
    return


@app.cell
def _(errors, features, mo, pl):
    worst = pl.concat([errors, features], how="horizontal").with_row_index("row")
    mo.vstack(
        [
            mo.md("Largest errors first:"),
            mo.ui.table(worst.sort("error", descending=True).head(100)),
        ]
    )
    return


@app.cell
def _(errors, judged, mo):
    row = mo.ui.number(0, judged.height - 1, value=errors["error"].arg_max(), label="row")
    mo.vstack([mo.md("# One prediction"), row])
    return (row,)


@app.cell
def _(alt, errors, judged, mo, pl, row, run):
    # How does the prediction change if one column after the other has its usual value?
    example = judged[row.value]
    columns = run.project.features.columns_read()
    usual = {
        name: judged[name].median()
        if judged[name].dtype.is_numeric()
        else judged[name].drop_nulls().mode(maintain_order=True).first()
        for name in columns
    }
    changed = [
        example.with_columns(pl.lit(usual[name], example[name].dtype).alias(name))
        for name in columns
    ]
    predictions = run.predict(pl.concat([example, *changed]))
    if predictions.dtype == pl.Array:  # of several classes, the probability of the likeliest
        predictions = predictions.arr.get(predictions.arr.arg_max()[0])
    effects = pl.DataFrame({"column": columns, "effect": predictions[0] - predictions[1:]})
    by_column = (
        alt.Chart(effects, title="What its value adds to the prediction, beside the usual value")
        .mark_bar()
        .encode(alt.Y("column", sort=alt.SortField("effect")), x="effect")
    )
    mo.vstack([mo.ui.table(errors[row.value]), by_column, mo.ui.table(example)])
    return


if __name__ == "__main__":
    app.run()
