"""Every source, in the order in which a read goes through them: what costs most first."""

from collections.abc import Iterable

from trimtab.accounts.describe import (
    autoscaling,
    buckets,
    databases,
    ec2_instances,
    ec2_network,
    ec2_storage,
    ecs,
    eks,
    functions,
    identities,
    load_balancers,
    quotas,
    rds,
    sagemaker,
    savings_plans,
    watching,
)
from trimtab.accounts.describe.contract import Operation, Source

SOURCES: tuple[Source, ...] = (
    *ec2_instances.SOURCES,
    *sagemaker.SOURCES,
    *ec2_storage.SOURCES,
    *rds.SOURCES,
    *load_balancers.SOURCES,
    *autoscaling.SOURCES,
    *ecs.SOURCES,
    *eks.SOURCES,
    *functions.SOURCES,
    *buckets.SOURCES,
    *savings_plans.SOURCES,
    *ec2_network.SOURCES,
    *databases.SOURCES,
    *watching.SOURCES,
    *identities.SOURCES,
    *quotas.SOURCES,
)


def operations(sources: Iterable[Source] = SOURCES) -> set[Operation]:
    """Every operation that the sources call."""
    return {one for source in sources for one in source.operations}
