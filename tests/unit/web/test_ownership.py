import pytest

from trimtab.web.ownership import workload_name


@pytest.mark.parametrize(
    ("pod", "workload"),
    [
        ("moe-ablation-0", "moe-ablation"),
        ("chat-70b-7d9f8c6b5-x2x4z", "chat-70b"),
        ("lab-12", "lab"),
        ("trainer", "trainer"),
        ("", ""),
    ],
)
def test_a_pods_workload_is_its_name_without_what_kubernetes_adds(pod: str, workload: str) -> None:
    assert workload_name(pod) == workload
