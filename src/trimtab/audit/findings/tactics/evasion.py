"""Defence evasion: how somebody stays unseen."""

from trimtab.audit.findings.rule import Rule, asked, both, calls, either, says

_TRAILS_BUCKET = f"match(lower({asked('bucketName')}), 'trail')"
_AT_ONCE = says('"Expiration":[{]"Days":"?1"?[,}]')

RULES = (
    Rule(
        id="trail-weakened",
        title="The audit itself was switched off or narrowed",
        why="A trail that is stopped, deleted or asked for less hides what comes next.",
        technique="T1562.008",
        severity="high",
        condition=either(
            calls(
                "cloudtrail",
                "StopLogging",
                "DeleteTrail",
                "UpdateTrail",
                "PutEventSelectors",
                "DeleteEventDataStore",
                "StopEventDataStoreIngestion",
            ),
            both(calls("s3", "PutBucketLifecycle", "PutBucketLifecycleConfiguration"), _TRAILS_BUCKET),
            both(calls("s3", "DeleteBucket", "DeleteBucketPolicy"), _TRAILS_BUCKET),
        ),
    ),
    Rule(
        id="logs-deleted",
        title="Logs were deleted or are no longer written",
        why="Flow logs, queries of names, log groups and configuration recorders are what an investigation reads.",
        technique="T1562.008",
        severity="high",
        condition=either(
            calls("ec2", "DeleteFlowLogs"),
            calls("logs", "DeleteLogGroup", "DeleteLogStream"),
            calls("config", "StopConfigurationRecorder", "DeleteConfigurationRecorder", "DeleteDeliveryChannel"),
            calls("route53resolver", "DeleteResolverQueryLogConfig", "DisassociateResolverQueryLogConfig"),
            calls("route53", "DeleteQueryLoggingConfig"),
            calls("wafv2", "DeleteLoggingConfiguration"),
            calls("bedrock", "DeleteModelInvocationLoggingConfiguration"),
            both(calls("s3", "PutBucketLogging"), "NOT " + says("LoggingEnabled")),
        ),
    ),
    Rule(
        id="detector-disabled",
        title="What watches for attacks was switched off",
        why="GuardDuty, Security Hub, Macie, Inspector, Detective and Access Analyzer tell of what goes on.",
        technique="T1562.001",
        severity="high",
        condition=either(
            calls(
                "guardduty",
                "DeleteDetector",
                "StopMonitoringMembers",
                "DisassociateMembers",
                "DisassociateFromMasterAccount",
                "DisassociateFromAdministratorAccount",
                "DeleteMembers",
                "DeletePublishingDestination",
                "CreateIPSet",
            ),
            both(calls("guardduty", "UpdateDetector"), says('"enable":"?false')),
            calls("securityhub", "DisableSecurityHub", "BatchDisableStandards", "DisassociateFromAdministratorAccount"),
            calls("macie2", "DisableMacie"),
            calls("inspector2", "Disable"),
            calls("detective", "DeleteGraph"),
            calls("access-analyzer", "DeleteAnalyzer"),
            calls("config", "DeleteConfigRule", "DeleteOrganizationConfigRule"),
            calls("bedrock", "DeleteGuardrail"),
        ),
    ),
    Rule(
        id="firewall-removed",
        title="A firewall was taken away",
        why="What it kept out comes in.",
        technique="T1562.007",
        severity="medium",
        condition=either(
            calls("wafv2", "DeleteWebACL", "DisassociateWebACL"),
            calls("network-firewall", "DeleteFirewall", "DeleteFirewallPolicy"),
            calls("shield", "DeleteProtection", "DisableProactiveEngagement"),
        ),
    ),
    Rule(
        id="left-organisation",
        title="An account tried to leave its organisation",
        why="Outside of it the organisation's policies and its trail no longer hold.",
        technique="T1666",
        severity="high",
        condition=calls("organizations", "LeaveOrganization", "RemoveAccountFromOrganization"),
    ),
    Rule(
        id="organisation-policy-removed",
        title="A policy of the organisation was taken away",
        why="What it forbade to every account below is allowed again.",
        technique="T1666",
        severity="medium",
        condition=calls("organizations", "DetachPolicy", "DeletePolicy", "DisablePolicyType"),
    ),
    Rule(
        id="region-enabled",
        title="A region was opened that was not used before",
        why="Nobody looks at machines where none are expected.",
        technique="T1535",
        severity="medium",
        condition=calls("account", "EnableRegion"),
    ),
    Rule(
        id="encryption-off",
        title="Encryption by default was switched off",
        why="New volumes are written in clear.",
        technique="T1562.001",
        severity="medium",
        condition=calls("ec2", "DisableEbsEncryptionByDefault"),
    ),
    Rule(
        id="metadata-opened",
        title="An instance gives its credentials without a session token again",
        why="Version 1 of the metadata service can be asked through any program that fetches URLs.",
        technique="T1578.005",
        severity="medium",
        condition=both(
            calls("ec2", "ModifyInstanceMetadataOptions", "ModifyInstanceMetadataDefaults"), says('"optional"')
        ),
    ),
    Rule(
        id="objects-expire-at-once",
        title="A bucket was told to delete what is in it within a day",
        why="A lifecycle rule deletes without a single call of deletion.",
        technique="T1485.001",
        severity="medium",
        condition=both(calls("s3", "PutBucketLifecycle", "PutBucketLifecycleConfiguration"), _AT_ONCE),
    ),
)
