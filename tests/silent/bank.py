"""The bank of silent mistakes: each as somebody could make it, none as a check would like it."""

import in_flights
import in_library
import in_started
import in_tables

BUGS = [*in_library.BUGS, *in_flights.BUGS, *in_started.BUGS, *in_tables.BUGS]
