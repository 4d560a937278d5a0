"""Does what the scenarios say, on the real project."""

from datetime import UTC, datetime, timedelta
from typing import Any

from keel import UserError
from keel.testing import Pipeline, trained

from tests.builders import NOON, PROJECT, examples, table, tables

CLEAR: dict[str, Any] = {}  # as the builders have it
RAIN: dict[str, Any] = {
    "humidity": 97.0,
    "precipitation": 0.4,
    "visibility": 0.5,
    "pressure": 1000.0,
    "wind_speed": 25.0,
}


class Driver:
    """What a scenario has and does; the trained model is that of all scenarios."""

    error: str | None = None

    # Predictions

    def predict(self, clock: str, weather: dict[str, Any], /, **columns: Any) -> None:
        hour, minute = map(int, clock.split(":"))
        departure = datetime(2013, 5, 16, hour, minute, tzinfo=UTC) + timedelta(hours=4)
        known = {"scheduled_departure": departure, **columns, **weather}
        flight = examples(**{name: [value] for name, value in known.items()})
        self.probability = float(trained(PROJECT).probability(flight).item())

    @property
    def limit(self) -> float:
        """What the highest tenth of the model's predictions is above."""
        model = trained(PROJECT)
        return float(model.probability(model.test_examples).quantile(0.9) or 1)

    # Data quality

    def have_weather(self, rows: int, broken: int) -> None:
        weather = table(
            "weather",
            time_hour=[NOON + timedelta(hours=i) for i in range(rows)],
            wind_speed=[1048.0] * broken + [10.0] * (rows - broken),
        )
        self._pipeline = Pipeline(PROJECT, tables=tables(weather=weather))

    def check_data(self) -> None:
        try:
            self._pipeline.run("validate")
        except UserError as error:
            self.error = str(error)

    def used(self, name: str) -> int:
        return len(self._pipeline.used(name))

    def set_aside(self, name: str) -> list[str]:
        return self._pipeline.set_aside(name)["reasons"].to_list()
