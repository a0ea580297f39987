"""Cost Optimization Hub's resource types, by what kind a finding is about and what it asks for."""

from collections.abc import Mapping

from trimtab.advice.finding import Action

_BY_KIND: Mapping[str, str] = {
    "ec2:instance": "Ec2Instance",
    "lambda:function": "LambdaFunction",
    "ec2:volume": "EbsVolume",
    "ecs:service": "EcsService",
    "autoscaling:autoScalingGroup": "Ec2AutoScalingGroup",
    "rds:db": "RdsDbInstance",
    "rds:cluster": "AuroraDbClusterStorage",
    "ec2:natgateway": "NatGateway",
    "dynamodb:table": "DynamoDbTable",
    "elasticache:cluster": "ElastiCacheCluster",
    "sagemaker:endpoint": "SageMakerEndpoint",
    "ec2:reserved-instances": "Ec2ReservedInstances",
    "rds:ri": "RdsReservedInstances",
    "savingsplans:savingsplan": "ComputeSavingsPlans",
}
_BOUGHT = {Action.BUY_SAVINGS_PLAN: "ComputeSavingsPlans", Action.BUY_RESERVATION: "Ec2ReservedInstances"}
DETAILS: Mapping[str, str] = {
    "Ec2Instance": "ec2Instance",
    "LambdaFunction": "lambdaFunction",
    "EbsVolume": "ebsVolume",
    "EcsService": "ecsService",
    "RdsDbInstance": "rdsDbInstance",
    "NatGateway": "natGateway",
    "DynamoDbTable": "dynamoDbTable",
    "ElastiCacheCluster": "elastiCacheCluster",
    "SageMakerEndpoint": "sageMakerEndpoint",
}
"""Members of the API's ResourceDetails whose costCalculation is a ResourceCostCalculation."""


def resource_type(kind: str, action: Action) -> str:
    """The hub's type; of kinds that it does not have (load balancers, snapshots, GPUs) the kind itself."""
    return _BY_KIND.get(kind) or _BOUGHT.get(action) or kind
