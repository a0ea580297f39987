"""RDS: instances, clusters, manual snapshots, reservations."""

from collections.abc import Iterator

from trimtab.accounts.describe.contract import Found, Place, Source, picked, tags_of, values


def _instances(place: Place) -> Iterator[Found]:
    for item in place.pages("rds", "DescribeDBInstances", "DBInstances"):
        facts = picked(
            item,
            *("DBInstanceClass", "Engine", "EngineVersion", "DBInstanceStatus", "AllocatedStorage", "StorageType"),
            *("Iops", "MultiAZ", "PubliclyAccessible", "StorageEncrypted", "BackupRetentionPeriod"),
            *("InstanceCreateTime", "AvailabilityZone", "DBClusterIdentifier", "DeletionProtection"),
            *("PerformanceInsightsEnabled", "AutoMinorVersionUpgrade", "ReadReplicaSourceDBInstanceIdentifier"),
        )
        name, tags = item["DBInstanceIdentifier"], tags_of(item.get("TagList"))
        yield Found(item["DBInstanceArn"], name, item.get("DBInstanceClass", ""), tags, facts)


def _clusters(place: Place) -> Iterator[Found]:
    for item in place.pages("rds", "DescribeDBClusters", "DBClusters"):
        facts = picked(
            item,
            *("Engine", "EngineVersion", "EngineMode", "Status", "MultiAZ", "AvailabilityZones"),
            *("BackupRetentionPeriod", "StorageEncrypted", "DeletionProtection", "ClusterCreateTime"),
            "ServerlessV2ScalingConfiguration",
        )
        facts["DBClusterMembers"] = values(item.get("DBClusterMembers"), "DBInstanceIdentifier")
        name, tags = item["DBClusterIdentifier"], tags_of(item.get("TagList"))
        yield Found(item["DBClusterArn"], name, item.get("Engine", ""), tags, facts)


def _snapshots(place: Place) -> Iterator[Found]:
    for item in place.pages("rds", "DescribeDBSnapshots", "DBSnapshots", SnapshotType="manual"):
        facts = picked(
            item,
            *("DBInstanceIdentifier", "SnapshotType", "AllocatedStorage", "SnapshotCreateTime", "Status", "Engine"),
        )
        name, tags = item["DBSnapshotIdentifier"], tags_of(item.get("TagList"))
        yield Found(item["DBSnapshotArn"], name, item.get("Engine", ""), tags, facts)


def _reserved(place: Place) -> Iterator[Found]:
    for item in place.pages("rds", "DescribeReservedDBInstances", "ReservedDBInstances"):
        facts = picked(
            item,
            *("DBInstanceClass", "DBInstanceCount", "State", "StartTime", "Duration", "OfferingType"),
            *("ProductDescription", "FixedPrice", "MultiAZ", "CurrencyCode"),
        )
        name = item["ReservedDBInstanceId"]
        arn = item.get("ReservedDBInstanceArn") or place.arn("rds", f"ri:{name}")
        yield Found(arn, name, item.get("DBInstanceClass", ""), {}, facts)


SOURCES = (
    Source("RDS instances", ("rds:db",), (("rds", "DescribeDBInstances"),), _instances),
    Source("RDS clusters", ("rds:cluster",), (("rds", "DescribeDBClusters"),), _clusters),
    Source("RDS snapshots", ("rds:snapshot",), (("rds", "DescribeDBSnapshots"),), _snapshots),
    Source("RDS reserved instances", ("rds:ri",), (("rds", "DescribeReservedDBInstances"),), _reserved),
)
