"""What schemathesis sends where the document asks for a format that it does not know; SCHEMATHESIS_HOOKS names it."""

from hypothesis import strategies as st
from schemathesis.openapi import format as of_format

of_format("cron", st.sampled_from(["0 3 * * *", "*/15 8-18 * * mon-fri", "0 0 29 2 *"]))
of_format("time-zone", st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]))
