"""The rules of the resolver, one a line: which attributes name which kind of resource.

Sources of the names: [otel] OpenTelemetry semantic conventions 1.30 (resource and system attributes), [hw] their
`hw.*` attributes, [prom] Prometheus' own and its usual exporters' labels (node exporter, kube-state-metrics, cAdvisor),
[dcgm] NVIDIA's dcgm-exporter, [slurm] SLURM exporters, [cw] the dimensions that "AWS services that publish CloudWatch
metrics" lists, [ci] CloudWatch Container Insights, [arn] the ARN formats of the Service Authorization Reference.
"""

from msgspec import Struct

LOCAL = "local"
"""Provider of things that name no cloud: this machine, a cluster of one's own."""


class Rule(Struct, frozen=True):
    """Attributes `keys` name a resource of `kind`, their values joined by "/" its id.

    A key that starts with "?" may be missing. `provider` overrides what the attributes say of the cloud.
    """

    kind: str
    keys: tuple[str, ...]
    provider: str = ""


AWS, GCP, AZURE = "aws", "gcp", "azure"

RULES: tuple[Rule, ...] = (
    # -- accelerators: narrower than whatever they sit in
    Rule("gpu", ("gpu.uuid",)),  # [hw] as trimtab's agent sends it
    Rule("gpu", ("hw.gpu.uuid",)),  # [hw]
    Rule("gpu", ("UUID",)),  # [dcgm]
    Rule("gpu", ("uuid", "gpu")),  # [prom] nvidia_gpu_exporter and kin; a lone `uuid` says nothing
    Rule("gpu", ("Hostname", "gpu")),  # [dcgm] before 3.2 without UUID
    Rule("gpu", ("hostname", "gpu")),  # [dcgm] since 4.2
    Rule("gpu", ("host.name", "hw.id")),  # [hw]
    # -- managed things of a cloud
    Rule("function", ("faas.name",)),  # [otel]
    Rule("function", ("FunctionName",), AWS),  # [cw] AWS/Lambda
    Rule("function", ("function_name",), AWS),  # [cw] LambdaInsights
    Rule("endpoint", ("EndpointName", "VariantName"), AWS),  # [cw] AWS/SageMaker
    Rule("endpoint", ("EndpointName",), AWS),  # [cw] AWS/SageMaker
    Rule("training_job", ("TrainingJobName",), AWS),  # [cw] SageMaker jobs
    Rule("model", ("ModelId",), AWS),  # [cw] AWS/Bedrock
    Rule("database", ("DBInstanceIdentifier",), AWS),  # [cw] AWS/RDS
    Rule("database_cluster", ("DBClusterIdentifier",), AWS),  # [cw] AWS/RDS
    Rule("table", ("TableName",), AWS),  # [cw] AWS/DynamoDB
    Rule("bucket", ("BucketName",), AWS),  # [cw] AWS/S3
    Rule("queue", ("QueueName",), AWS),  # [cw] AWS/SQS
    Rule("topic", ("TopicName",), AWS),  # [cw] AWS/SNS
    Rule("stream", ("StreamName",), AWS),  # [cw] AWS/Kinesis
    Rule("volume", ("VolumeId",), AWS),  # [cw] AWS/EBS
    Rule("filesystem", ("FileSystemId",), AWS),  # [cw] AWS/EFS, AWS/FSx
    Rule("state_machine", ("StateMachineArn",), AWS),  # [cw] AWS/States
    Rule("target_group", ("TargetGroup",), AWS),  # [cw] AWS/ApplicationELB
    Rule("load_balancer", ("LoadBalancer",), AWS),  # [cw] AWS/ApplicationELB, AWS/NetworkELB
    Rule("load_balancer", ("LoadBalancerName",), AWS),  # [cw] AWS/ELB
    Rule("nat_gateway", ("NatGatewayId",), AWS),  # [cw] AWS/NATGateway
    Rule("cache_cluster", ("CacheClusterId", "?CacheNodeId"), AWS),  # [cw] AWS/ElastiCache
    Rule("job_queue", ("JobQueue",), AWS),  # [cw] AWS/Batch
    # -- runs of batch schedulers
    Rule("job", ("?cluster", "slurm_job_id")),  # [slurm]
    Rule("job", ("?cluster", "slurm.job.id")),  # trimtab's own attribute
    # -- containers and Kubernetes
    Rule("container", ("?k8s.cluster.name", "k8s.namespace.name", "k8s.pod.name", "k8s.container.name")),  # [otel]
    Rule("pod", ("?k8s.cluster.name", "k8s.namespace.name", "k8s.pod.name")),  # [otel]
    Rule("pod", ("k8s.pod.uid",)),  # [otel]
    Rule("task", ("aws.ecs.task.arn",), AWS),  # [otel]
    Rule("container", ("container.id",)),  # [otel]
    Rule("container", ("?host.name", "container.name")),  # [otel]
    Rule("job", ("?k8s.cluster.name", "k8s.namespace.name", "k8s.job.name")),  # [otel]
    Rule("workload", ("?k8s.cluster.name", "k8s.namespace.name", "k8s.deployment.name")),  # [otel]
    Rule("workload", ("?k8s.cluster.name", "k8s.namespace.name", "k8s.statefulset.name")),  # [otel]
    Rule("workload", ("?k8s.cluster.name", "k8s.namespace.name", "k8s.daemonset.name")),  # [otel]
    Rule("container", ("?cluster", "namespace", "pod", "container")),  # [prom] cAdvisor, kube-state-metrics
    Rule("pod", ("?cluster", "namespace", "pod")),  # [prom] kube-state-metrics
    Rule("pod", ("ClusterName", "Namespace", "PodName"), AWS),  # [ci]
    Rule("service", ("ClusterName", "ServiceName"), AWS),  # [cw] AWS/ECS, [ci]
    Rule("node", ("?k8s.cluster.name", "k8s.node.name")),  # [otel]
    Rule("node", ("?cluster", "node")),  # [prom] kube-state-metrics
    # -- machines
    Rule("instance", ("InstanceId",), AWS),  # [cw] AWS/EC2, CWAgent
    Rule("instance", ("host.id",)),  # [otel] with a cloud.provider; else see `_machine`
    Rule("host", ("host.name",)),  # [otel]
    Rule("host", ("Hostname",)),  # [dcgm]
    Rule("host", ("hostname",)),  # [dcgm], [slurm]
    Rule("host", ("host",)),  # [cw] the CloudWatch agent's own dimension
    Rule("host", ("instance",)),  # [prom] host:port of the scraped target
    # -- groups
    Rule("auto_scaling_group", ("AutoScalingGroupName",), AWS),  # [cw] AWS/AutoScaling, AWS/EC2
    Rule("node_group", ("ClusterName", "NodegroupName"), AWS),  # [ci]
    Rule("namespace", ("ClusterName", "Namespace"), AWS),  # [ci]
    Rule("cluster", ("ClusterName",), AWS),  # [cw] AWS/ECS, [ci]
    Rule("cluster", ("k8s.cluster.name",)),  # [otel]
    Rule("namespace", ("?cluster", "namespace")),  # [prom]
    # -- programs
    Rule("app", ("gcp.cloud_run.job.execution",), GCP),  # [otel]
    Rule("app", ("azure.app_service.instance",), AZURE),
    Rule("service_instance", ("?service.namespace", "service.name", "service.instance.id")),  # [otel]
    Rule("service", ("?service.namespace", "service.name")),  # [otel]
    Rule("service", ("job",)),  # [prom] pushed, so without an instance
)

ARN_KEYS = ("cloud.resource_id", "aws.lambda.invoked_arn", "resource.arn", "ResourceArn", "arn")
"""Attributes that hold an ARN, which says all by itself: [otel], [cw]."""

ARN_KINDS = {
    ("ec2", "instance"): "instance",
    ("ec2", "volume"): "volume",
    ("ec2", "natgateway"): "nat_gateway",
    ("lambda", "function"): "function",
    ("sagemaker", "endpoint"): "endpoint",
    ("sagemaker", "training-job"): "training_job",
    ("bedrock", "foundation-model"): "model",
    ("rds", "db"): "database",
    ("rds", "cluster"): "database_cluster",
    ("dynamodb", "table"): "table",
    ("kinesis", "stream"): "stream",
    ("elasticfilesystem", "file-system"): "filesystem",
    ("elasticloadbalancing", "loadbalancer"): "load_balancer",
    ("elasticloadbalancing", "targetgroup"): "target_group",
    ("elasticache", "cluster"): "cache_cluster",
    ("ecs", "cluster"): "cluster",
    ("ecs", "service"): "service",
    ("ecs", "task"): "task",
    ("eks", "cluster"): "cluster",
    ("eks", "nodegroup"): "node_group",
    ("autoscaling", "autoScalingGroup"): "auto_scaling_group",
    ("batch", "job-queue"): "job_queue",
    ("states", "stateMachine"): "state_machine",
}
"""(service, type of the resource part) of an ARN → our kind; what is not here is `<service>.<type>`. [arn]"""
ARN_BARE = {"s3": "bucket", "sqs": "queue", "sns": "topic"}
"""Services whose ARNs have no type in the resource part. [arn]"""
