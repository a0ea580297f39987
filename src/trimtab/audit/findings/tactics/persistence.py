"""Persistence and more rights: how somebody stays, and gets to do more."""

from trimtab.audit.findings.rule import (
    ALLOWS_EVERYTHING,
    LETS_EVERYBODY_IN,
    LETS_OUTSIDERS_IN,
    Rule,
    asked,
    asked_for,
    both,
    calls,
    either,
    versioned,
)

_MANAGED = "match({}, '/(AdministratorAccess|IAMFullAccess|PowerUserAccess)$')".format(asked("policyArn"))

RULES = (
    Rule(
        id="access-made",
        title="A way in was made",
        why="New users, keys, sign-in profiles and trust in roles outlast the credential that made them.",
        technique="T1098.001",
        severity="medium",
        condition=either(
            calls(
                "iam",
                "CreateUser",
                "CreateAccessKey",
                "CreateLoginProfile",
                "UpdateLoginProfile",
                "UpdateAssumeRolePolicy",
                "AttachUserPolicy",
                "PutUserPolicy",
                "AddUserToGroup",
                "CreateServiceSpecificCredential",
                "UploadSigningCertificate",
                "UploadSSHPublicKey",
            ),
            "event_source = 'rest.trimtab' AND event_name = 'CreateKey'",
        ),
    ),
    Rule(
        id="administrator-made",
        title="Somebody was given every right",
        why="A managed policy of administrators, or one of its own that allows everything on everything.",
        technique="T1098.003",
        severity="high",
        condition=either(
            both(calls("iam", "AttachUserPolicy", "AttachRolePolicy", "AttachGroupPolicy"), _MANAGED),
            both(
                calls("iam", "PutUserPolicy", "PutRolePolicy", "PutGroupPolicy", "CreatePolicy", "CreatePolicyVersion"),
                ALLOWS_EVERYTHING,
            ),
            calls("iam", "DeleteRolePermissionsBoundary", "DeleteUserPermissionsBoundary"),
        ),
    ),
    Rule(
        id="role-trusts-outsiders",
        title="A role can be assumed from another account, or by everybody",
        why="The account is none of those whose audit is here.",
        technique="T1098.003",
        severity="high",
        condition=both(
            calls("iam", "CreateRole", "UpdateAssumeRolePolicy"), either(LETS_OUTSIDERS_IN, LETS_EVERYBODY_IN)
        ),
    ),
    Rule(
        id="function-opened",
        title="A function can be called from another account, or by everybody",
        why="The permission names no service but an account that is not here, or *.",
        technique="T1546",
        severity="high",
        condition=both(
            versioned("lambda", "AddPermission", "AddLayerVersionPermission"),
            either(
                f"{asked('principal')} = '*'",
                "arrayExists(other -> other != account AND NOT has(own, other), "
                f"extractAll({asked('principal')}, '[0-9]{{12}}'))",
            ),
        ),
    ),
    Rule(
        id="trust-anchor-made",
        title="Machines elsewhere were allowed to assume roles",
        why="Whoever holds a certificate of the trust anchor (IAM Roles Anywhere) gets the role's credentials.",
        technique="T1484.002",
        severity="high",
        condition=calls(
            "rolesanywhere", "CreateTrustAnchor", "UpdateTrustAnchor", "EnableTrustAnchor", "CreateProfile"
        ),
    ),
    Rule(
        id="federation-token",
        title="A user made credentials that outlast his key",
        why="Credentials of GetFederationToken stay valid when the key that made them is disabled.",
        technique="T1098.001",
        severity="medium",
        condition=either(
            calls("sts", "GetFederationToken"),
            both(calls("signin", "GetSigninToken"), "user_type = 'FederatedUser'"),
        ),
    ),
    Rule(
        id="identity-provider-changed",
        title="Who may sign in was changed at the identity provider's side",
        why="Whoever signs for a provider that is trusted can be anybody.",
        technique="T1484.002",
        severity="medium",
        condition=either(
            calls(
                "iam",
                "CreateSAMLProvider",
                "UpdateSAMLProvider",
                "DeleteSAMLProvider",
                "CreateOpenIDConnectProvider",
                "UpdateOpenIDConnectProviderThumbprint",
                "AddClientIDToOpenIDConnectProvider",
            ),
            "event_source IN ('sso.amazonaws.com', 'sso-directory.amazonaws.com') AND event_name IN "
            "('AssociateDirectory', 'DisassociateDirectory', 'EnableExternalIdPConfigurationForDirectory', "
            "'DisableExternalIdPConfigurationForDirectory')",
        ),
    ),
    Rule(
        id="second-factor-removed",
        title="A second factor or the rules for passwords were taken away",
        why="The password alone is enough afterwards.",
        technique="T1556.006",
        severity="medium",
        condition=calls("iam", "DeactivateMFADevice", "DeleteVirtualMFADevice", "DeleteAccountPasswordPolicy"),
    ),
    Rule(
        id="database-password-changed",
        title="The master password of a database was changed by hand",
        why="Who sets it can sign in as its owner.",
        technique="T1098",
        severity="low",
        condition=both(
            calls("rds", "ModifyDBInstance", "ModifyDBCluster"),
            "user_type IN ('IAMUser', 'Root')",
            asked_for("masterUserPassword"),
        ),
    ),
    Rule(
        id="role-tried-repeatedly",
        title="Roles were assumed again and again",
        why="A chain of roles, or one that is tried until it works.",
        technique="T1078.004",
        severity="medium",
        condition=both(calls("sts", "AssumeRole"), "user_type IN ('IAMUser', 'Root', 'AssumedRole')"),
        least=4,
    ),
)
