"""QuickSight's resources over the real engine: what they become, who sees which rows, what a snapshot says."""

from pathlib import Path

import pytest

from made_datasets import A, B
from made_quicksight import ADMIN, OF_A, SHEET, QuickSight, bars, definition, run
from trimtab.access.principal import Principal, Role, scope_of
from trimtab.access.scope import Scope
from trimtab.base.errors import NotFound
from trimtab.doors.aws.faults import AwsError
from trimtab.reports.quicksight.model import own_name
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry


@pytest.fixture
def quicksight(state: State, engine: Telemetry, tmp_path: Path) -> QuickSight:
    made = QuickSight(state, engine, tmp_path / "snapshots")
    made(
        "CreateDataSource",
        DataSourceId="here",
        Name="Here",
        Type="POSTGRESQL",
        DataSourceParameters={"PostgreSqlParameters": {"Host": "localhost", "Port": 5432, "Database": "trimtab"}},
    )
    return made


def test_data_sources_elsewhere_fail_and_say_why(quicksight: QuickSight) -> None:
    given = {"MySqlParameters": {"Host": "db.example", "Port": 3306, "Database": "x"}}
    made = quicksight("CreateDataSource", DataSourceId="db", Name="Db", Type="MYSQL", DataSourceParameters=given)
    assert (made["CreationStatus"], made["Status"], made["RequestId"]) == ("CREATION_FAILED", 202, "request-1")
    told = quicksight("DescribeDataSource", DataSourceId="db")["DataSource"]
    assert told["ErrorInfo"]["Type"] == "COPY_SOURCE_NOT_FOUND"
    athena = {"AthenaParameters": {"WorkGroup": "primary"}}
    quicksight("CreateDataSource", DataSourceId="lake", Name="L", Type="ATHENA", DataSourceParameters=athena)
    lake = quicksight("DescribeDataSource", DataSourceId="lake")["DataSource"]
    assert (lake["Status"], lake["ErrorInfo"]["Type"]) == ("CREATION_FAILED", "COPY_SOURCE_NOT_FOUND")
    assert "type ATHENA cannot be read" in lake["ErrorInfo"]["Message"]
    ours = {"MySqlParameters": {"Host": "t.example", "Port": 1, "Database": "x"}}
    changed = quicksight("UpdateDataSource", DataSourceId="db", Name="Db", DataSourceParameters=ours)
    assert changed["UpdateStatus"] == "UPDATE_SUCCESSFUL"
    with pytest.raises(AwsError) as again:
        quicksight("CreateDataSource", DataSourceId="db", Name="Db", Type="POSTGRESQL")
    assert again.value.code == "ResourceExistsException"
    quicksight("DeleteDataSource", DataSourceId="db")
    with pytest.raises(AwsError) as gone:
        quicksight("DescribeDataSource", DataSourceId="db")
    assert (gone.value.code, gone.value.members["ResourceType"]) == ("ResourceNotFoundException", "DATA_SOURCE")


def test_a_data_set_is_a_dataset_and_an_ingestion_its_extract(quicksight: QuickSight) -> None:
    made = quicksight.bill(ImportMode="SPICE")
    done = quicksight("DescribeIngestion", DataSetId="bill", IngestionId=made["IngestionId"])["Ingestion"]
    assert (done["IngestionStatus"], done["RowInfo"]["RowsIngested"]) == ("COMPLETED", 3)  # what account A has
    columns = quicksight("DescribeDataSet", DataSetId="bill")["DataSet"]["OutputColumns"]
    assert [(one["Name"], one["Type"]) for one in columns] == [
        ("day", "DATETIME"), ("team", "STRING"), ("service", "STRING"), ("account", "STRING"), ("cost", "DECIMAL"),
    ]  # fmt: skip
    assert quicksight("CreateIngestion", DataSetId="bill", IngestionId="2")["IngestionStatus"] == "COMPLETED"
    listed = quicksight("ListIngestions", DataSetId="bill", MaxResults=1)
    rest = quicksight("ListIngestions", DataSetId="bill", NextToken=listed["NextToken"])["Ingestions"]
    assert len(listed["Ingestions"]) == len(rest) == 1
    quicksight("DeleteDataSet", DataSetId="bill")
    with pytest.raises(NotFound):
        run(quicksight.datasets.open(ADMIN, own_name("dataset", "bill")))


def test_what_has_no_meaning_is_refused_with_its_place(quicksight: QuickSight) -> None:
    for query, why in (("SELECT day FROM users", "no table 'users'"), ("SELECT nothing FROM bill", "nothing")):
        with pytest.raises(AwsError, match=why) as refused:
            quicksight.bill(query=query)
        assert refused.value.code == "InvalidParameterValueException"
    with pytest.raises(AwsError, match="ColumnLevelPermissionRules has no meaning"):
        quicksight.bill(ColumnLevelPermissionRules=[{"ColumnNames": ["cost"]}])
    with pytest.raises(AwsError) as page:
        quicksight("ListDataSets", NextToken="bm90IGEgdG9rZW4")
    assert page.value.code == "InvalidNextTokenException"


def test_groups_are_teams_and_see_their_rows_only(quicksight: QuickSight) -> None:
    quicksight.bill(
        "rules", "SELECT 'vision' AS GroupName, '' AS UserName, 'vision' AS team UNION ALL SELECT '', 'ann', ''"
    )
    arn = f"arn:aws:quicksight:us-east-1:{A}:dataset/rules"
    quicksight.bill(RowLevelPermissionDataSet={"Arn": arn, "PermissionPolicy": "GRANT_ACCESS"})
    assert [team for team, _ in quicksight.seen(ADMIN)] == ["speech", "vision"]
    assert quicksight.seen(OF_A) == []  # in no row: nothing, whoever may read the account
    for name in ("bob", "eve"):
        quicksight(
            "RegisterUser",
            Namespace="default",
            IdentityType="QUICKSIGHT",
            Email="x@y.z",
            UserRole="READER",
            UserName=name,
        )
    quicksight("CreateGroup", Namespace="default", GroupName="vision")
    quicksight("CreateGroupMembership", Namespace="default", GroupName="vision", MemberName="bob")
    assert quicksight.seen(OF_A) == [("vision", "13.40")]
    with pytest.raises(AwsError) as refused:  # nobody of account A is called eve: her keys may be of another account
        quicksight("CreateGroupMembership", OF_A, Namespace="default", GroupName="vision", MemberName="eve")
    assert refused.value.code == "AccessDeniedException"
    quicksight("DeleteUser", Namespace="default", UserName="bob")
    assert quicksight.seen(OF_A) == []
    with pytest.raises(AwsError) as nowhere:
        quicksight("ListUsers", Namespace="other")
    assert nowhere.value.members["ResourceType"] == "NAMESPACE"


def test_permissions_that_deny_are_refused_and_not_turned_into_leave(quicksight: QuickSight) -> None:
    quicksight.bill("rules", "SELECT 'bob' AS UserName, 'vision' AS team")
    rules = {"Arn": f"arn:aws:quicksight:us-east-1:{A}:dataset/rules", "PermissionPolicy": "DENY_ACCESS"}
    with pytest.raises(AwsError, match="DENY_ACCESS"):
        quicksight.bill(RowLevelPermissionDataSet=rules)


def test_another_account_is_out_of_reach(quicksight: QuickSight) -> None:
    quicksight.bill()
    for operation, request in (
        ("DescribeDataSet", {"DataSetId": "bill"}), ("ListDataSets", {}), ("ListDashboards", {}),
    ):  # fmt: skip
        with pytest.raises(AwsError) as refused:
            quicksight(operation, OF_A, B, **request)
        assert refused.value.code == "AccessDeniedException"
    with pytest.raises(AwsError, match="no data source"):
        quicksight("CreateDataSet", ADMIN, B, DataSetId="bill", Name="x", ImportMode="DIRECT_QUERY", PhysicalTableMap={
            "p": {"CustomSql": {"DataSourceArn": f"arn:aws:quicksight:us-east-1:{A}:datasource/here", "Name": "q",
                                "SqlQuery": "SELECT cost FROM bill"}}})  # fmt: skip


def test_a_dashboard_has_versions_of_which_one_is_shown(quicksight: QuickSight) -> None:
    quicksight.bill()
    made = quicksight(
        "CreateDashboard",
        DashboardId="d",
        Name="Money",
        Definition=definition(bars("one"), {"WordCloudVisual": {"VisualId": "two"}}),
    )
    assert (made["CreationStatus"], made["Status"]) == ("CREATION_SUCCESSFUL", 202)
    version = quicksight("DescribeDashboard", DashboardId="d")["Dashboard"]["Version"]
    assert [one["ViolatedEntities"] for one in version["Errors"]] == [[{"Path": "Sheets/0/Visuals/1"}]]
    failed = quicksight("UpdateDashboard", DashboardId="d", Name="Money", Definition=definition(bars("one", "no such")))
    assert failed["CreationStatus"] == "CREATION_FAILED"
    with pytest.raises(AwsError) as refused:
        quicksight("UpdateDashboardPublishedVersion", DashboardId="d", VersionNumber=2)
    assert refused.value.code == "ConflictException"
    quicksight("UpdateDashboard", DashboardId="d", Name="Money", Definition=definition(bars("one"), bars("two")))
    assert len(run(quicksight.room.analyses.open(ADMIN, own_name("dashboard", "d"))).spec.visuals) == 1
    quicksight("UpdateDashboardPublishedVersion", DashboardId="d", VersionNumber=3)
    assert len(run(quicksight.room.analyses.open(ADMIN, own_name("dashboard", "d"))).spec.visuals) == 2
    listed = quicksight("ListDashboardVersions", DashboardId="d")["DashboardVersionSummaryList"]
    assert [one["VersionNumber"] for one in listed] == [3, 2, 1]
    latest = quicksight("DescribeDashboardDefinition", DashboardId="d", AliasName="$LATEST")
    assert len(latest["Definition"]["Sheets"][0]["Visuals"]) == 2
    found = [{"Operator": "StringLike", "Name": "DASHBOARD_NAME", "Value": "mon"}]
    assert len(quicksight("SearchDashboards", Filters=found)["DashboardSummaryList"]) == 1
    quicksight("DeleteDashboard", DashboardId="d")
    with pytest.raises(NotFound):
        run(quicksight.room.analyses.open(ADMIN, own_name("dashboard", "d")))


def test_a_snapshot_is_what_its_caller_may_see(quicksight: QuickSight) -> None:
    quicksight.bill()
    quicksight("CreateDashboard", DashboardId="d", Name="Money", Definition=definition(bars("one")))
    files = [{"SheetSelections": SHEET, "FormatType": "CSV"}, {"SheetSelections": SHEET, "FormatType": "PDF"}]
    asked = {"FileGroups": [{"Files": files}]}
    quicksight("StartDashboardSnapshotJob", DashboardId="d", SnapshotJobId="j", SnapshotConfiguration=asked)
    done = quicksight("DescribeDashboardSnapshotJobResult", DashboardId="d", SnapshotJobId="j")
    assert done["JobStatus"] == "COMPLETED"
    [csv, pdf] = [
        one["S3Uri"].rpartition("/")[2] for one in done["Result"]["RegisteredUsers"][0]["FileGroups"][0]["S3Results"]
    ]
    assert b"vision,13.4" in quicksight.snapshots.read(ADMIN, csv)
    assert quicksight.snapshots.read(ADMIN, pdf).startswith(b"%PDF")
    west = Scope(frozenset((A,)), frozenset(("us-west-1",)))
    for other in (OF_A, Principal("eve", B, Role.ADMIN, scope_of(B)), Principal("ann", A, Role.WRITE, west)):
        with pytest.raises(NotFound):  # of another name, of another account, of the same name and fewer rows
            quicksight.snapshots.read(other, csv)
    with pytest.raises(NotFound):
        quicksight.snapshots.read(ADMIN, "../state.sqlite")
    bucket = {"BucketConfiguration": {"BucketName": "b", "BucketPrefix": "p", "BucketRegion": "us-east-1"}}
    asked["DestinationConfiguration"] = {"S3Destinations": [bucket]}
    quicksight("StartDashboardSnapshotJob", DashboardId="d", SnapshotJobId="k", SnapshotConfiguration=asked)
    assert sorted(quicksight.uploaded) == ["b/p/k-0.csv", "b/p/k-1.pdf"]


def test_urls_are_pages_and_anybody_is_refused_where_everybody_signs_in(quicksight: QuickSight) -> None:
    quicksight.bill()
    quicksight("CreateDashboard", DashboardId="d", Name="Money", Definition=definition(bars("one")))
    experience = {"Dashboard": {"InitialDashboardId": "d"}}
    user = f"arn:aws:quicksight:us-east-1:{A}:user/default/ann"
    with pytest.raises(AwsError) as unknown:
        quicksight("GenerateEmbedUrlForRegisteredUser", UserArn=user, ExperienceConfiguration=experience)
    assert unknown.value.code == "QuickSightUserNotFoundException"
    quicksight(
        "RegisterUser",
        Namespace="default",
        IdentityType="IAM",
        IamArn="arn:aws:iam::1:user/ann",
        Email="a@b.c",
        UserRole="READER",
    )
    told = quicksight("GenerateEmbedUrlForRegisteredUser", UserArn=user, ExperienceConfiguration=experience)
    assert told["EmbedUrl"] == "https://t.example/analyses/quicksight-dashboard-d"
    with pytest.raises(AwsError) as anybody:
        quicksight("GetDashboardEmbedUrl", DashboardId="d", IdentityType="ANONYMOUS")
    assert anybody.value.code == "UnsupportedPricingPlanException"
