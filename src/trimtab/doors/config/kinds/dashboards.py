"""Dashboards: the body as a document rather than as text."""

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.doors.config.model import Form, Owner
from trimtab.reports.dashboards.store import DashboardStore, check_name
from trimtab.reports.dashboards.validate import check_document, errors


class DashboardSection(Struct, frozen=True):
    """The dashboards that are stored; starters are not, until somebody changes them."""

    store: DashboardStore
    section: str = "dashboards"

    async def stored(self, owner: Owner) -> Mapping[str, Form]:
        """Every stored dashboard."""
        return {one.name: json.loads(one.body) for one in await self.store.listed(owner.account)}

    def check(self, owner: Owner, name: str, form: Any) -> Form:
        """The body, checked as PutDashboard checks it."""
        check_name(name)
        wrong = errors(check_document(form, strict=False))
        if wrong:
            raise InvalidInput("; ".join(f"{one.path or '/'}: {one.text}" for one in wrong[:10]))
        found: Form = form
        return found

    async def put(self, owner: Owner, name: str, form: Form) -> None:
        """Store it as a new version."""
        text = json.dumps(form, ensure_ascii=False, separators=(",", ":"))
        await self.store.put(owner.account, name, text, owner.by)

    async def delete(self, owner: Owner, name: str) -> None:
        """Delete it with the links that share it."""
        await self.store.delete(owner.account, [name])
