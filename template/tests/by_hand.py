"""Rows worked out by hand: why, raw values, and the expected example or features.

A case gives the raw values that matter, of one row or of several in a list; the others are as in
`builders.py`. Work out the expected values without the code: no other test notices a reversed label
or a wrong limit. `keel check` lists the rows that are missing.
"""

from datetime import UTC, datetime, timedelta

from keel.testing import ByHand

from tests.builders import EXAMPLE, NOON


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2013, month, day, hour, minute, tzinfo=UTC)


def before(hours: int) -> datetime:
    """That many hours before the usual departure."""
    return NOON - timedelta(hours=hours)


LABEL = [
    ByHand("sixteen minutes are late", {"flights": {"arr_delay": 16}}, late=True),
    ByHand("fifteen minutes are not", {"flights": {"arr_delay": 15}}, late=False),
    ByHand("an early flight is not late", {"flights": {"arr_delay": -10}}, late=False),
    ByHand("a flight that never arrives has no label", {"flights": {"arr_delay": None}}, late=None),
]

TIMES = [
    ByHand(
        "a departure has the minutes of its local time, and is predicted two hours before",
        {"flights": {"sched_dep_time": 1259}},
        scheduled_departure=NOON + timedelta(minutes=59),
        decision_time=NOON - timedelta(minutes=61),
    ),
    ByHand(
        "the hour that comes twice in autumn is two hours",
        {"flights": [{"time_hour": utc(11, 3, h), "sched_dep_time": 100} for h in (5, 6)]},
        scheduled_departure=[utc(11, 3, 5), utc(11, 3, 6)],
    ),
    *(
        ByHand(
            f"{hhmm} is {minutes} minutes after midnight",
            {"flights": {"sched_arr_time": hhmm}},
            arrival_minute=minutes,
        )
        for hhmm, minutes in [(0, 0), (5, 5), (130, 90), (2359, 1439), (2400, 1440)]
    ),
    ByHand(
        "examples are in the order of decisions",
        {"flights": [{"time_hour": before(hours)} for hours in (1, 3, 2)]},
        decision_time=[before(5), before(4), before(3)],
    ),
    ByHand(
        "examples of the same moment are in the order of carrier and number",
        {"flights": [{"carrier": c, "flight": n} for c, n in (("UA", 2), ("UA", 1), ("AA", 3))]},
        carrier=["AA", "UA", "UA"],
        flight_number=[3, 1, 2],
    ),
]

MEASURED = {  # name in the weather table: name in the examples, and a value
    "temp": ("temperature", 63.5),
    "dewp": ("dew_point", 41.5),
    "humid": ("humidity", 77.0),
    "wind_speed": ("wind_speed", 17.5),
    "precip": ("precipitation", 0.25),
    "pressure": ("pressure", 1003.5),
    "visib": ("visibility", 7.0),
}

WEATHER = [
    *(
        ByHand(
            f"weather measured {hours} hours before the departure",
            {"weather": {"time_hour": before(hours), "temp": 20.0}},
            temperature=temperature,
        )
        for hours, temperature in [(1, None), (2, 20.0), (4, 20.0), (5, 20.0), (6, None)]
    ),
    ByHand(
        "the latest known weather counts",
        {
            "weather": [
                {"time_hour": before(hours), "temp": temperature}
                for hours, temperature in [(4, 40.0), (2, 20.0), (3, 30.0), (1, 10.0)]
            ]
        },
        temperature=20.0,
    ),
    ByHand(
        "each flight has the weather of its own decision",
        {
            "flights": [{"time_hour": before(hours)} for hours in (1, 3, 2)],
            "weather": [
                {"time_hour": before(hours + 2), "temp": 10.0 * hours} for hours in (1, 3, 2)
            ],
        },
        temperature=[30.0, 20.0, 10.0],
    ),
    ByHand("not the weather of another airport", {"weather": {"origin": "JFK"}}, wind_speed=None),
    ByHand(
        "measurements keep their units",
        {"weather": {name: value for name, (_, value) in MEASURED.items()}},
        **dict(MEASURED.values()),
        dew_point_spread=22.0,
    ),
    ByHand(
        "missing measurements stay missing",
        {"weather": dict.fromkeys(MEASURED)},
        **dict.fromkeys(column for column, _ in MEASURED.values()),
        dew_point_spread=None,
    ),
]

AIRCRAFT = [
    ByHand(
        "the aircraft is found by its tail number, and ages by the year",
        {
            "flights": {"tailnum": "N2"},
            "planes": [{"tailnum": "N1", "year": 1990}, {"tailnum": "N2", "year": 2010}],
        },
        aircraft_built=2010,
        aircraft_age=3,
    ),
    ByHand(
        "a flight without weather or aircraft stays",
        {"weather": [], "planes": []},
        pressure=None,
        aircraft_built=None,
        aircraft_age=None,
    ),
]

FEATURES = [
    ByHand("an ordinary flight is the ordinary example", {}, **EXAMPLE),
    ByHand(
        "the schedule, and an aircraft of 2003, on a Wednesday at noon in New York",
        {"flights": {"carrier": "HA", "origin": "JFK", "dest": "HNL"}},
        carrier="HA",
        origin="JFK",
        destination="HNL",
        departure_hour=12.0,
        weekday=3,
        arrival_hour=13.75,
        aircraft_age=10,
    ),
]

BY_HAND = [*LABEL, *TIMES, *WEATHER, *AIRCRAFT, *FEATURES]
