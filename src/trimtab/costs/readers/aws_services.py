"""AWS's product codes by the service category of FOCUS that fits them best; what is not here is Other."""

from collections.abc import Mapping

SERVICE_CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "AI and Machine Learning": (
        *("AmazonSageMaker", "AmazonBedrock", "AmazonBedrockService", "AmazonRekognition", "AmazonTextract"),
        *("AmazonTranscribe", "AmazonPolly", "AmazonComprehend", "AmazonLex", "AmazonQ", "AmazonKendra", "transcribe"),
    ),
    "Analytics": ("AmazonAthena", "AWSGlue", "ElasticMapReduce", "AmazonKinesis", "AmazonKinesisFirehose", "AmazonES"),
    "Compute": (
        *("AmazonEC2", "AWSLambda", "AmazonECS", "AmazonEKS", "AmazonECR", "AWSBatch", "AmazonLightsail"),
        *("ComputeSavingsPlans", "MachineLearningSavingsPlans"),
    ),
    "Databases": (
        *("AmazonRDS", "AmazonDynamoDB", "AmazonElastiCache", "AmazonRedshift", "AmazonNeptune", "AmazonDocDB"),
        *("AmazonMemoryDB", "AmazonTimestream", "DatabaseSavingsPlans"),
    ),
    "Identity": ("AmazonCognito", "AWSDirectoryService"),
    "Integration": ("AWSQueueService", "AmazonSNS", "AWSEvents", "AmazonStates", "AmazonApiGateway", "AmazonMQ"),
    "Management and Governance": (
        *("AmazonCloudWatch", "AWSCloudTrail", "AWSConfig", "AWSSystemsManager", "AWSBudgets", "AWSCostExplorer"),
        *("AWSSupportBusiness", "AWSSupportEnterprise", "AWSDeveloperSupport", "AWSXRay"),
    ),
    "Networking": (
        *("AmazonVPC", "AWSDataTransfer", "AmazonCloudFront", "AmazonRoute53", "AWSELB", "AWSDirectConnect"),
        "AWSGlobalAccelerator",
    ),
    "Security": ("awskms", "AWSSecretsManager", "awswaf", "AmazonGuardDuty", "AmazonInspectorV2", "AWSSecurityHub"),
    "Storage": ("AmazonS3", "AmazonEFS", "AmazonFSx", "AmazonGlacier", "AWSBackup", "AmazonS3GlacierDeepArchive"),
}
"""The names of categories are those of FOCUS 1.0's list of ServiceCategory."""
