"""Redshift, ElastiCache and DynamoDB: what stands idle there."""

from collections.abc import Iterator

from trimtab.accounts.describe.contract import Found, Place, Source, picked, tags_of


def _redshift(place: Place) -> Iterator[Found]:
    for item in place.pages("redshift", "DescribeClusters", "Clusters"):
        facts = picked(
            item,
            *("NodeType", "NumberOfNodes", "ClusterStatus", "ClusterCreateTime", "AvailabilityZone", "Encrypted"),
            "PubliclyAccessible",
        )
        name = item["ClusterIdentifier"]
        arn = place.arn("redshift", f"cluster:{name}")
        yield Found(arn, name, item.get("NodeType", ""), tags_of(item.get("Tags")), facts)


def _elasticache(place: Place) -> Iterator[Found]:
    for item in place.pages("elasticache", "DescribeCacheClusters", "CacheClusters"):
        facts = picked(
            item,
            *("CacheNodeType", "NumCacheNodes", "Engine", "CacheClusterStatus", "CacheClusterCreateTime"),
            *("PreferredAvailabilityZone", "ReplicationGroupId"),
        )
        name = item["CacheClusterId"]
        arn = item.get("ARN") or place.arn("elasticache", f"cluster:{name}")
        yield Found(arn, name, item.get("CacheNodeType", ""), {}, facts)


def _dynamodb(place: Place) -> Iterator[Found]:
    for name in place.pages("dynamodb", "ListTables", "TableNames"):
        item = place.maybe("dynamodb", "DescribeTable", TableName=name).get("Table")
        if not item:
            continue
        facts = picked(
            item, *("TableStatus", "TableSizeBytes", "ItemCount", "CreationDateTime", "DeletionProtectionEnabled")
        )
        facts["BillingMode"] = item.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
        facts |= picked(item.get("ProvisionedThroughput", {}), "ReadCapacityUnits", "WriteCapacityUnits")
        arn = item["TableArn"]
        tags = tags_of(place.maybe("dynamodb", "ListTagsOfResource", ResourceArn=arn).get("Tags"))
        yield Found(arn, name, facts["BillingMode"], tags, facts)


SOURCES = (
    Source("Redshift clusters", ("redshift:cluster",), (("redshift", "DescribeClusters"),), _redshift),
    Source("ElastiCache clusters", ("elasticache:cluster",), (("elasticache", "DescribeCacheClusters"),), _elasticache),
    Source(
        "DynamoDB tables",
        ("dynamodb:table",),
        (("dynamodb", "ListTables"), ("dynamodb", "DescribeTable"), ("dynamodb", "ListTagsOfResource")),
        _dynamodb,
    ),
)
