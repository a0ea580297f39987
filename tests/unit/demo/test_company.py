from collections import Counter

from trimtab.demo import company
from trimtab.demo.company import ACCOUNTS, TEAMS
from trimtab.demo.endpoints import ENDPOINTS
from trimtab.demo.world import World


def test_the_company_is_as_large_as_it_says(made: World) -> None:
    built = made.company
    assert (3, 4, 60, 404, 12) == (len(ACCOUNTS), len(TEAMS), len(built.nodes), len(built.gpus), len(ENDPOINTS))
    assert 404 == len({gpu.uuid for gpu in built.gpus})
    assert 60 == len({node.instance_id for node in built.nodes}) == len({node.address for node in built.nodes})
    assert {account.id for account in ACCOUNTS} == {node.account.id for node in built.nodes}
    types = Counter(node.machine.type for node in built.nodes)
    assert {"p5.48xlarge": 20, "p4d.24xlarge": 14} == {name: types[name] for name in ("p5.48xlarge", "p4d.24xlarge")}


def test_no_gpu_is_held_twice(made: World) -> None:
    held = [gpu for pod in made.company.pods for gpu in pod.gpus]
    assert len(held) == len(set(held))
    for pod in made.company.pods:
        assert set(pod.gpus) <= set(pod.node.gpus)


def test_every_team_and_endpoint_is_there(made: World) -> None:
    assert set(TEAMS) == {pod.team for pod in made.company.pods}
    replicas = Counter(endpoint.name for _, endpoint in made.company.replicas)
    assert {endpoint.name: endpoint.replicas for endpoint in ENDPOINTS} == replicas
    names = [(pod.node.account.id, pod.team, pod.name) for pod in made.company.pods]
    assert len(names) == len(set(names))


def test_a_seed_gives_one_company() -> None:
    assert company.build(7) == company.build(7)
    assert company.build(7).gpus != company.build(8).gpus
