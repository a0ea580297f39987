"""What is worth a look whoever did it: one small declared rule each, over CloudTrail's own names.

Techniques are MITRE ATT&CK's for the cloud (attack.mitre.org, matrix IaaS, version 16); rules stand in `tactics/` by
the tactic that they serve. A rule says what was done, never who is guilty: most of these calls are also
somebody's work. No rule reads the user agent of a tool that only plays attacks:
what it does must be seen, not its name.
"""

from collections.abc import Sequence

from trimtab.audit.findings.rule import Rule
from trimtab.audit.findings.tactics import (
    access,
    credentials,
    discovery,
    evasion,
    execution,
    exfiltration,
    impact,
    lateral,
    persistence,
)

RULES: Sequence[Rule] = (
    *access.RULES,
    *execution.RULES,
    *persistence.RULES,
    *evasion.RULES,
    *credentials.RULES,
    *discovery.RULES,
    *lateral.RULES,
    *exfiltration.RULES,
    *impact.RULES,
)
