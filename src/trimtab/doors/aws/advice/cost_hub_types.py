"""Cost Optimization Hub's resource types, by what kind a finding is about and what it asks for.

They are those of the enumeration `ResourceType` of botocore's model (cost-optimization-hub, 2022-07-26).
"""

from collections.abc import Mapping

from trimtab.advice.finding import Action, Finding

_BY_KIND: Mapping[str, str] = {
    "ec2:instance": "Ec2Instance",
    "lambda:function": "LambdaFunction",
    "ec2:volume": "EbsVolume",
    "ecs:service": "EcsService",
    "autoscaling:autoScalingGroup": "Ec2AutoScalingGroup",
    "rds:db": "RdsDbInstance",
    "rds:cluster": "AuroraDbClusterStorage",
    "ec2:natgateway": "NatGateway",
    "dynamodb:table": "DynamoDBTable",
    "elasticache:cluster": "ElastiCacheCluster",
    "sagemaker:endpoint": "SageMakerEndpoint",
    "ec2:reserved-instances": "Ec2ReservedInstances",
    "rds:ri": "RdsReservedInstances",
    "savingsplans:savingsplan": "ComputeSavingsPlans",
}
_PLANS: Mapping[str, str] = {
    "EC2_INSTANCE_SP": "Ec2InstanceSavingsPlans",
    "COMPUTE_SP": "ComputeSavingsPlans",
    "SAGEMAKER_SP": "SageMakerSavingsPlans",
}
"""By the kind of a plan that is advised; the hub has no type of plans for databases."""
_RESERVED: Mapping[str, str] = {
    "AmazonRDS": "RdsReservedInstances",
    "AmazonES": "OpenSearchReservedInstances",
    "AmazonRedshift": "RedshiftReservedInstances",
    "AmazonElastiCache": "ElastiCacheReservedInstances",
    "AmazonDynamoDB": "DynamoDbReservedCapacity",
    "AmazonMemoryDB": "MemoryDbReservedInstances",
}
"""By the service of a reservation that is advised; of others it is EC2's."""
TYPES = frozenset((*_BY_KIND.values(), *_PLANS.values(), *_RESERVED.values()))
"""All that are told."""
DETAILS: Mapping[str, str] = {
    "Ec2Instance": "ec2Instance",
    "LambdaFunction": "lambdaFunction",
    "EbsVolume": "ebsVolume",
    "EcsService": "ecsService",
    "RdsDbInstance": "rdsDbInstance",
    "NatGateway": "natGateway",
    "DynamoDBTable": "dynamoDbTable",
    "ElastiCacheCluster": "elastiCacheCluster",
    "SageMakerEndpoint": "sageMakerEndpoint",
}
"""Members of the API's ResourceDetails whose costCalculation is a ResourceCostCalculation."""


def resource_type(one: Finding) -> str:
    """The hub's type; "" of what it has none of (load balancers, snapshots, clusters, GPUs)."""
    if one.kind in _BY_KIND:
        return _BY_KIND[one.kind]
    if one.action is Action.BUY_SAVINGS_PLAN:
        return _PLANS.get(one.advised, "")
    if one.action is Action.BUY_RESERVATION:
        return next((type_ for code, type_ in _RESERVED.items() if code in one.part.split()), "Ec2ReservedInstances")
    return ""
