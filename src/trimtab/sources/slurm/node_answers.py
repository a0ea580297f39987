"""Nodes as SLURM's JSON tells them: of kind `nodes`, and of `sinfo`, where a row stands for nodes that are alike."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.client.inventory_wire import NodeRecord
from trimtab.sources.slurm.answers import SINFO, Answer
from trimtab.sources.slurm.gres import of_gres, of_tres
from trimtab.sources.slurm.nodes import condition_of, flags_of, node_record
from trimtab.sources.slurm.text import hosts_of, known
from trimtab.sources.slurm.values import mapping_of, states_of, text_of, words_of


def nodes_of(answer: Answer) -> Iterator[NodeRecord]:
    """The nodes of an answer of kind `nodes` or `sinfo`; a node that several partitions list comes once."""
    partitions: dict[str, list[str]] = {}
    first: dict[str, Mapping[str, Any]] = {}
    for row in answer.rows if answer.kind != SINFO else _of_sinfo(answer.rows):
        name = text_of(row.get("name")) or text_of(row.get("hostname"))
        if not name:
            raise InvalidInput(f"cannot read a node of SLURM: it has no name, only {', '.join(list(row)[:5])}")
        first.setdefault(name, row)
        listed = partitions.setdefault(name, [])
        listed += [one for one in words_of(row.get("partitions")) if one not in listed]
    for name, row in first.items():
        yield _node(name, row, partitions[name])


def _node(name: str, row: Mapping[str, Any], partitions: list[str]) -> NodeRecord:
    states = (*states_of(row.get("state")), *states_of(row.get("state_flags")))
    there = of_gres(text_of(row.get("gres"))) or of_tres(text_of(row.get("tres")))
    used = of_tres(text_of(row.get("tres_used"))) or of_gres(text_of(row.get("gres_used")))
    reservation = known(text_of(row.get("reservation")))
    flags = frozenset().union(*(flags_of(state) for state in states)) if states else frozenset()
    return node_record(
        name=name,
        condition=condition_of(flags, reservation),
        flags=flags,
        state="+".join(states),
        there=there,
        used=used,
        reason=known(text_of(row.get("reason"))),
        reservation=reservation,
        instance_type=known(text_of(row.get("instance_type"))),
        instance_id=known(text_of(row.get("instance_id"))),
        partitions=partitions,
        features=",".join(words_of(row.get("active_features"))),
    )


def _of_sinfo(rows: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """A row of `sinfo --json` stands for nodes that are alike: as one of each."""
    for row in rows:
        nodes, gres = mapping_of(row.get("nodes")), mapping_of(row.get("gres"))
        names = words_of(nodes.get("nodes")) or words_of(nodes.get("hostnames"))
        features, reason = mapping_of(row.get("features")), row.get("reason")
        for name in [host for one in names for host in hosts_of(one)]:
            yield {
                "name": name,
                "state": mapping_of(row.get("node")).get("state"),
                "gres": gres.get("total"),
                "gres_used": gres.get("used") if len(names) == 1 else "",
                "reason": mapping_of(reason).get("description", "") if isinstance(reason, Mapping) else reason,
                "partitions": [text_of(mapping_of(row.get("partition")).get("name"))],
                "active_features": features.get("active"),
            }
