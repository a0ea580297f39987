"""Arguments that several tools have, with the words that describe them."""

from typing import Annotated

from msgspec import Meta

Start = Annotated[str, Meta(max_length=64, description="From when: -7d, -24h, or an ISO day or time (UTC).")]
End = Annotated[str, Meta(max_length=64, description="Until when, not included; default now.")]
Team = Annotated[str, Meta(max_length=256, description="Only this team's.")]
Text = Annotated[str, Meta(max_length=512)]
