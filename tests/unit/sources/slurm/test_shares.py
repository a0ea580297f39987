import json

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.sources.slurm.shares import Qos, qos_of, shares_of

TEXT = """\
Account|User|RawShares|NormShares|RawUsage|NormUsage|EffectvUsage|FairShare
root|||0.000000|900||1.000000|
 root|root|1|0.100000|0|0.000000|0.000000|1.000000
 research||6|0.600000|800|0.888889|0.888889|
  vision||2|0.666667|500|0.555556|0.625000|
   vision|mira|1|1.000000|500|0.555556|1.000000|0.250000
  nlp||1|0.333333|300|0.333333|0.375000|
 ops||3|0.300000|100|0.111111|0.111111|
"""


def test_an_account_has_its_share_of_its_level_times_that_of_the_account_above():
    found = {one.account: (round(one.share, 6), one.used) for one in shares_of(TEXT)}
    assert {"vision": (0.4, 0.625), "nlp": (0.2, 0.375), "ops": (0.3, 0.111111)} == found


def test_json_says_the_same():
    def row(name, parent, raw, kind="ASSOCIATION"):
        number = {"set": raw is not None, "infinite": False, "number": raw or 0}
        return {"name": name, "parent": parent, "shares": number, "type": [kind]}

    rows = [row("root", "", None), row("root", "root", 1, "USER"), row("research", "root", 6), row("ops", "root", 3)]
    rows += [row("vision", "research", 2), row("mira", "vision", 1, "USER"), row("nlp", "research", 1)]
    found = {one.account: round(one.share, 6) for one in shares_of(json.dumps({"shares": {"shares": rows}}))}
    assert {"ops": 0.3, "vision": 0.4, "nlp": 0.2} == found


def test_an_account_with_its_parents_shares_is_not_told():
    assert [] == shares_of("Account|User|RawShares\nroot||\n a||parent\n")


def test_limits_of_a_qos():
    text = "Name|GrpTRES|MaxTRESPA|MaxTRESPU\nnormal||||\nlong|cpu=9,gres/gpu=64|gres/gpu=16|gres/gpu:h100=4\n"
    assert [Qos("normal"), Qos("long", 64, 16, 4)] == qos_of(text)
    gpu = [{"type": "gres", "name": "gpu", "count": 8}]
    limits = {
        "max": {"tres": {"total": gpu, "per": {"account": [], "user": [{"type": "cpu", "name": "", "count": 2}]}}}
    }
    assert [Qos("fast", 8.0)] == qos_of(json.dumps({"qos": [{"name": "fast", "limits": limits}]}))


@pytest.mark.parametrize("read", [shares_of, qos_of])
def test_other_text_is_refused(read):
    with pytest.raises(InvalidInput, match="got no columns"):
        read("slurm_load: error\n")
    with pytest.raises(InvalidInput, match="JSON"):
        read("{broken")
