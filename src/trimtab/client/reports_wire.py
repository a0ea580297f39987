"""What travels over `/rest/v1/reports`. Figures are text, as every form of a report says them; times are ms UTC."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from trimtab.client.wire import Millis

TemplateName = Literal["weekly-fleet", "monthly-team", "endpoint-slo", "training-cost", "executive"]
FormatName = Literal["html", "pdf", "csv"]
Address = Annotated[str, Meta(min_length=3, max_length=320)]
Topic = Annotated[str, Meta(min_length=1, max_length=400, description="ARN of a topic, or of a channel.")]


class ReportTemplate(Struct, frozen=True):
    """A template: its name, what it is about, the period that it takes by itself, and whether it needs an owner."""

    name: str
    title: str
    what: str
    period: str
    per_owner: bool


class ReportTemplates(Struct, frozen=True):
    """All of them."""

    templates: list[ReportTemplate]


class ReportSentence(Struct, frozen=True):
    """A sentence and the page that it rests on. `tone`: good, bad or empty."""

    text: str
    href: str
    tone: str


class ReportTable(Struct, frozen=True):
    """A table; `total` says that the last row is the sum."""

    title: str
    heads: list[str]
    rows: list[list[str]]
    total: bool


class ReportSection(Struct, frozen=True):
    """A part of a report."""

    title: str
    said: list[ReportSentence]
    tables: list[ReportTable]


class ReportAge(Struct, frozen=True):
    """Until when data of one kind are known; null where there are none."""

    what: str
    until_ms: Millis | None
    note: str


class WrittenReport(Struct, frozen=True):
    """A report over `[start_ms, end_ms)`; `facts` are its most important sentences."""

    template: str
    title: str
    about: str
    start_ms: Millis
    end_ms: Millis
    made_ms: Millis
    facts: list[ReportSentence]
    sections: list[ReportSection]
    ages: list[ReportAge]


class PutReport(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a report is written, of whom, and for whom: addresses, topics, or a folder."""

    template: TemplateName
    schedule: Annotated[str, Meta(min_length=1, max_length=256, description="cron(0 7 ? * MON *), rate(…) or at(…).")]
    zone: Annotated[str, Meta(max_length=64, description="IANA name.")] = "UTC"
    owner: Annotated[str, Meta(max_length=256)] = ""
    emails: Annotated[list[Address], Meta(max_length=50)] = field(default_factory=list)
    topics: Annotated[list[Topic], Meta(max_length=20)] = field(default_factory=list)
    folder: Annotated[str, Meta(max_length=500, description="s3://bucket/prefix, or a name below exports.")] = ""
    formats: Annotated[list[FormatName], Meta(max_length=3)] = field(default_factory=lambda: ["html", "pdf", "csv"])


class ScheduledReport(Struct, frozen=True):
    """A scheduled report; `next_ms` null is never again."""

    name: str
    account: str
    template: str
    owner: str
    schedule: str
    zone: str
    emails: list[str]
    topics: list[str]
    folder: str
    formats: list[str]
    next_ms: Millis | None


class ReportWriting(Struct, frozen=True):
    """One writing of a scheduled report; `problem` says why there is none."""

    id: str
    template: str
    title: str
    owner: str
    start_ms: Millis
    end_ms: Millis
    at_ms: Millis
    status: str
    problem: str
    head: list[str]
    files: list[str]


class ScheduledReports(Struct, frozen=True):
    """Schedules, and the newest writings."""

    reports: list[ScheduledReport]
    writings: list[ReportWriting]


class ReportRemoved(Struct, frozen=True):
    """Which one is no more."""

    name: str
