"""Mistakes in what comes in: the tables of the source hold something else."""

import polars as pl
from bug import CLASSES, FLIGHTS, NUMBER, Bug, Tables, data

TIME = pl.col("time_hour")


def number(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64, strict=False)


def text(value: pl.Expr) -> pl.Expr:
    return value.round(2).cast(pl.String)


def whole(value: pl.Expr) -> pl.Expr:
    return value.round().cast(pl.Int64).cast(pl.String)


def celsius(name: str) -> pl.Expr:
    return text((number(name) - 32) * 5 / 9)


def where(condition: pl.Expr, **values: pl.Expr) -> list[pl.Expr]:
    """Other values of columns in the rows for which something holds."""
    return [pl.when(condition).then(v).otherwise(pl.col(n)).alias(n) for n, v in values.items()]


def day(name: str) -> pl.Expr:
    """Whether a row is from a day of 2013 on, such as "10-01"."""
    return pl.lit(f"2013-{name}") <= TIME


def between(first: str, last: str) -> pl.Expr:
    return day(first) & ~day(last)


def at(origin: str) -> pl.Expr:
    return pl.col("origin") == origin


def local_as_utc(flights: pl.DataFrame) -> pl.DataFrame:
    """The scheduled hour as the clock at the airport shows it, with the Z of UTC."""
    return flights.with_columns(time_hour=clock(TIME))


def clock(time: pl.Expr) -> pl.Expr:
    local = time.str.to_datetime(time_zone="UTC").dt.convert_time_zone("America/New_York")
    return local.dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def summer_forgotten(weather: pl.DataFrame) -> pl.DataFrame:
    """An hour too late all summer: the logger's clock knows no daylight saving."""
    later = (
        TIME.str.to_datetime(time_zone="UTC").dt.offset_by("1h").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    return weather.with_columns(where(between("03-10", "11-03"), time_hour=later)).unique(
        ["origin", "time_hour"], keep="first", maintain_order=True
    )


def swapped(*names: str) -> pl.Expr:
    first, second = names
    return pl.col("origin").replace({first: second, second: first})


def frozen(frame: pl.DataFrame, first: str, last: str, origin: str) -> pl.DataFrame:
    """One station repeats what it measured last."""
    stuck = frame.filter(at(origin) & ~day(first)).tail(1)
    names = [
        name
        for name in frame.columns
        if name not in ("origin", "time_hour", "year", "month", "day", "hour")
    ]
    same = {name: pl.lit(stuck[name].item(), pl.String) for name in names}
    return frame.with_columns(where(at(origin) & between(first, last), **same))


def sorted_alone(table: pl.DataFrame, name: str) -> pl.DataFrame:
    """A spreadsheet sorted one column and left the others."""
    return table.with_columns(table.select(whole(number(name).sort(nulls_last=True))))


def both_swapped(tables: Tables) -> Tables:
    """Two airports' stations, the wrong way round from September on."""
    weather = tables["weather"]
    return tables | {
        "weather": weather.with_columns(where(day("09-01"), origin=swapped("EWR", "LGA")))
    }


ARRIVED = number("arr_delay")
HOUR = pl.col("hour").cast(pl.Int64)
WEEKDAY = (
    TIME.str.to_datetime(time_zone="UTC").dt.convert_time_zone("America/New_York").dt.weekday()
)

BUGS = [
    # --- the example ----------------------------------------------------------------------------
    data(FLIGHTS, "flights", "a month missing", "2013-0[34]|March|days|missing", lambda t: t.filter(pl.col("month") != "3")),
    data(FLIGHTS, "flights", "the export ends on 10 December, where the weather goes on", "flights|end|2013-12", lambda t: t.filter(~day("12-11"))),
    data(FLIGHTS, "flights", "nothing on weekends from August on", "weekend|Saturday|days|2013-08|flights", lambda t: t.filter(~(day("08-01") & (WEEKDAY > 5)))),
    data(FLIGHTS, "flights", "flights after nine in the evening missing from October on", "hour|sched_dep_time|flights|evening|2013-10|departure", lambda t: t.filter(~(day("10-01") & (HOUR >= 21)))),
    data(FLIGHTS, "flights", "rows twice", "twice|again|duplicate|primary_key", lambda t: pl.concat([t, t[::40]])),
    data(FLIGHTS, "flights", "those four hours late left out", "arr_delay|late", lambda t: t.filter((ARRIVED < 240) | ARRIVED.is_null())),
    data(FLIGHTS, "flights", "unknown arrivals written as 0", "arr_delay|late", lambda t: t.with_columns(pl.col("arr_delay").fill_null("0"))),
    data(FLIGHTS, "flights", "minutes late in hours from September on", "arr_delay|late", lambda t: t.with_columns(where(day("09-01"), arr_delay=whole(ARRIVED / 60)))),
    data(FLIGHTS, "flights", "early written without its sign", "arr_delay|late", lambda t: t.with_columns(arr_delay=whole(ARRIVED.abs()))),
    data(FLIGHTS, "flights", "the delays of one carrier are always 0 from August on", "arr_delay|late|carrier|B6", lambda t: t.with_columns(where(day("08-01") & (pl.col("carrier") == "B6"), arr_delay=pl.lit("0"), dep_delay=pl.lit("0")))),
    data(FLIGHTS, "flights", "the clock at the airport, called UTC", "time_hour|UTC|hour|clock", local_as_utc),
    data(FLIGHTS, "flights", "one carrier written as another from June on", "carrier|EV|UA", lambda t: t.with_columns(where(day("06-01"), carrier=pl.col("carrier").replace("EV", "UA"), flight=pl.when(pl.col("carrier") == "EV").then(whole(number("flight") % 5000 + 5000)).otherwise("flight"))).unique(["time_hour", "carrier", "flight"], keep="first", maintain_order=True)),
    data(FLIGHTS, "flights", "registrations without their letter from July on", "tailnum|planes|aircraft", lambda t: t.with_columns(where(day("07-01"), tailnum=pl.col("tailnum").str.strip_prefix("N")))),
    data(FLIGHTS, "planes", "the register of some years ago", "planes|tailnum|aircraft|year", lambda t: t.filter(number("year") < 2002)),
    data(FLIGHTS, "planes", "one column of the register sorted alone", "year|aircraft|built", lambda t: sorted_alone(t, "year")),
    data(FLIGHTS, "weather", "degrees Celsius from October on", "temp", lambda t: t.with_columns(where(day("10-01"), temp=celsius("temp")))),
    data(FLIGHTS, "weather", "metres a second from July on", "wind_speed", lambda t: t.with_columns(where(day("07-01"), wind_speed=text(number("wind_speed") * 0.447)))),
    data(FLIGHTS, "weather", "the dew point in Celsius at one airport, all the time", "dewp|dew_point", lambda t: t.with_columns(where(at("LGA"), dewp=celsius("dewp")))),
    data(FLIGHTS, "weather", "a sensor stuck", "humid", lambda t: t.with_columns(where(day("08-01"), humid=pl.lit("58.35")))),
    data(FLIGHTS, "weather", "one station frozen for two weeks", "JFK|same|hang|frozen|stuck", lambda t: frozen(t, "05-06", "05-20", "JFK")),
    data(FLIGHTS, "weather", "one station silent for a month", "LGA|missing|weather", lambda t: t.filter(~(at("LGA") & between("05-01", "06-01")))),
    Bug(FLIGHTS, "data", "two stations the wrong way round from September on", "origin|EWR|LGA|swap", data=both_swapped),
    data(FLIGHTS, "weather", "no rain, written as unknown", "precip", lambda t: t.with_columns(precip=pl.when(number("precip") > 0).then("precip"))),
    data(FLIGHTS, "weather", "unknown pressure written as 1013", "pressure", lambda t: t.with_columns(where(day("06-01"), pressure=pl.col("pressure").fill_null("1013")))),
    data(FLIGHTS, "weather", "a clock without summer", "time_hour|hour|clock|UTC", summer_forgotten),
    # --- a number -------------------------------------------------------------------------------
    data(NUMBER, "hourly", "what is predicted in Celsius from October on", "temp", lambda t: t.with_columns(where(day("10-01"), temp=celsius("temp")))),
    data(NUMBER, "hourly", "the dew point in Celsius at one airport from July on", "dewp", lambda t: t.with_columns(where(day("07-01") & at("LGA"), dewp=celsius("dewp")))),
    data(NUMBER, "hourly", "what is predicted, of the hour before", "temp", lambda t: t.sort("origin", "time_hour").with_columns(pl.col("temp").shift(1).over("origin"))),
    data(NUMBER, "hourly", "one station frozen for two weeks", "JFK|same|hang|frozen|stuck", lambda t: frozen(t, "05-06", "05-20", "JFK")),
    data(NUMBER, "hourly", "freezing hours left out", "temp|frost|hourly|rows", lambda t: t.filter(number("temp") > 32)),
    data(NUMBER, "hourly", "every second hour from June on", "time_hour|hour|rows|half", lambda t: t.filter(~(day("06-01") & (TIME.str.slice(11, 2).cast(pl.Int64) % 2 == 1)))),
    data(NUMBER, "hourly", "one station silent from September on", "EWR|origin", lambda t: t.filter(~(at("EWR") & day("09-01")))),
    data(NUMBER, "hourly", "humidity the wrong way round at one airport from August on", "humid", lambda t: t.with_columns(where(day("08-01") & at("JFK"), humid=text(100 - number("humid"))))),
    data(NUMBER, "hourly", "humidity as a share from November on", "humid", lambda t: t.with_columns(where(day("11-01"), humid=(number("humid") / 100).cast(pl.String)))),
    # --- classes --------------------------------------------------------------------------------
    data(CLASSES, "penguins", "the bill in centimetres in one year", "bill_length", lambda t: t.with_columns(where(pl.col("year") == "2009", bill_length_mm=text(number("bill_length_mm") / 10)))),
    data(CLASSES, "penguins", "two species the wrong way round in one year", "species", lambda t: t.with_columns(where(pl.col("year") == "2009", species=pl.col("species").replace({"Adelie": "Gentoo", "Gentoo": "Adelie"})))),
    data(CLASSES, "penguins", "one island missing", "island|Torgersen", lambda t: t.filter(pl.col("island") != "Torgersen")),
    data(CLASSES, "penguins", "the export cut short", "rows|Chinstrap|species|penguins", lambda t: t.head(250)),
    data(CLASSES, "penguins", "a third of the rows twice", "twice|again|duplicate|same|rows", lambda t: pl.concat([t, t[::3]])),
    data(CLASSES, "penguins", "two columns the wrong way round", "bill_length|bill_depth", lambda t: t.rename({"bill_length_mm": "bill_depth_mm", "bill_depth_mm": "bill_length_mm"})),
    data(CLASSES, "penguins", "one column sorted alone", "flipper", lambda t: sorted_alone(t, "flipper_length_mm")),
]  # fmt: skip
