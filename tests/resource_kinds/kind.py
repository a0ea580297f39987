"""What a test knows of a kind of resource of AWS's doors: how it is made, read, listed, changed and deleted.

In requests `{n}` stands for a name, `{arn}` for the ARN that making or reading it told, `{p}` for what it needs first.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/nobody"
Call = tuple[str, Mapping[str, Any]]


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of resource.

    `read` and `listed` end with a JMESPath: what is there where the resource is, and the names or ARNs of a list.
    `absent` is the code of reading or deleting one that is not there ("" where the answer is empty instead);
    `regone` whether deleting it twice is an error. `arn` is a JMESPath into the answers of making or reading it; with
    it come tags: `tags` the member of the request that makes it. `first` is what has to be there before.
    """

    service: str
    kind: str
    create: Call
    read: tuple[str, Mapping[str, Any], str]
    absent: str
    delete: Call
    listed: tuple[str, Mapping[str, Any], str] | None = None
    update: Call | None = None
    regone: bool = True
    arn: str = ""
    tags: str = ""
    first: tuple[str, str, Mapping[str, Any]] | None = None

    @property
    def id(self) -> str:
        """Its name in tests."""
        return f"{self.service}-{self.kind}"
