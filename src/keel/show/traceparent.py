"""How a span is named to other processes: the header `traceparent` of the W3C."""

from typing import NamedTuple

VARIABLE = "TRACEPARENT"  # in which a process hands its span to those that it starts
COLLECTOR = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Ids(NamedTuple):
    """Of a trace and of a span in it, as hexadecimal digits."""

    trace: str
    span: str

    def __str__(self) -> str:
        return f"00-{self.trace}-{self.span}-01"  # the header `traceparent` (W3C); 01 is recorded
