import pytest

from trimtab.base.tags import make_tags
from trimtab.fleet.telemetry.owners import UNOWNED, Owners, pods_of
from trimtab.metrics.model import Identity, Series


def series(namespace: str = "Prometheus", resource: str = "", **labels: str) -> Series:
    pairs = make_tags({key.replace("__", "."): value for key, value in labels.items()})
    return Series(1, Identity("123", "eu", namespace, "m", pairs, resource=resource))


@pytest.mark.parametrize(
    ("by", "one", "owner"),
    [
        ("fleet", series(), "fleet"),
        ("account", series(), "123"),
        ("region", series(), "eu"),
        ("team", series(team="a"), "a"),
        ("team", series(label_team="a"), "a"),
        ("team", series(), UNOWNED),
        ("namespace", series(exported_namespace="theirs", k8s__namespace__name="own"), "theirs"),
        ("service", series(app="chat", job="pods"), "chat"),
        ("service", series(job="chat"), "chat"),
        ("service", series(job="dcgm-exporter"), UNOWNED),
        ("service", series(job="node"), UNOWNED),
        ("service", series("shop/checkout"), "shop/checkout"),
        ("service", series("trimtab/Host"), UNOWNED),
        ("service", series("AWS/SageMaker", EndpointName="llm"), "llm"),
        ("model", series(gen_ai__request__model="m1"), "m1"),
        ("squad", series(squad="red"), "red"),
    ],
)  # fmt: skip
def test_an_owner_is_found_by_any_of_its_names(by: str, one: Series, owner: str) -> None:
    assert Owners(by).of(one) == owner


def test_tags_of_the_resource_come_first() -> None:
    owners = Owners("team", lambda resource: {"team": "tagged"} if resource == "aws/1/eu/instance/i-1" else {})
    assert owners.of(series(resource="aws/1/eu/instance/i-1", team="labelled")) == "tagged"
    assert owners.of(series(resource="aws/1/eu/instance/i-2", team="labelled")) == "labelled"


def test_pods_have_the_labels_that_kubernetes_gives_them() -> None:
    shown = Series(2, Identity("123", "eu", "Prometheus", "kube_pod_labels", make_tags(
        {"namespace": "prod", "pod": "chat-0", "label_team": "serving", "label_squad": "red"})))  # fmt: skip
    pod = Series(3, Identity("123", "eu", "Prometheus", "m", make_tags({"namespace": "prod", "pod": "chat-0"})))
    pods = pods_of([shown])
    assert Owners("team", pods=pods).of(pod) == "serving"
    assert Owners("squad", pods=pods).of(pod) == "red"
    assert Owners("squad", pods=pods).of(series(pod="other")) == UNOWNED
