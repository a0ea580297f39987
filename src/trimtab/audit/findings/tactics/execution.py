"""Execution: how somebody has his own code run."""

from trimtab.audit.findings.rule import (
    BY_HAND,
    LONG_LIVED,
    Rule,
    asked,
    asked_for,
    both,
    calls,
    either,
    many,
    versioned,
)

RULES = (
    Rule(
        id="commands-on-instances",
        title="Commands were run on instances from outside",
        why="Systems Manager runs them as root with the role of the instance; ECS in the container.",
        technique="T1651",
        severity="medium",
        condition=either(
            calls("ssm", "SendCommand", "StartSession", "StartAutomationExecution"), calls("ecs", "ExecuteCommand")
        ),
    ),
    Rule(
        id="start-up-script-changed",
        title="The start-up script of an instance was changed",
        why="It runs as root at the next start. Instances that are replaced, not changed, never need it.",
        technique="T1059.009",
        severity="high",
        condition=both(
            calls("ec2", "ModifyInstanceAttribute"),
            either(asked_for("userData"), f"{asked('attribute')} = 'userData'"),
        ),
    ),
    Rule(
        id="notebook-start-up-changed",
        title="What a notebook runs when it starts was changed",
        why="A lifecycle configuration runs as root with the role of the notebook.",
        technique="T1059.009",
        severity="medium",
        condition=either(
            both(calls("sagemaker", "UpdateNotebookInstance"), asked_for("lifecycleConfigName")),
            both(calls("sagemaker", "UpdateNotebookInstance"), asked_for("notebookInstanceLifecycleConfigName")),
            calls("sagemaker", "UpdateNotebookInstanceLifecycleConfig"),
        ),
    ),
    Rule(
        id="function-code-replaced",
        title="The code of a function was replaced by hand",
        why="It came with a key that does not expire; deployments come with a role.",
        technique="T1648",
        severity="low",
        condition=both(versioned("lambda", "UpdateFunctionCode"), LONG_LIVED, BY_HAND),
    ),
    Rule(
        id="function-layer-added",
        title="A layer was put under a function by hand",
        why="A layer's extension runs beside each call and sees what the function sees.",
        technique="T1648",
        severity="medium",
        condition=both(versioned("lambda", "UpdateFunctionConfiguration"), LONG_LIVED, BY_HAND, many(1, "layers")),
    ),
    Rule(
        id="development-endpoint",
        title="A development endpoint was made, which lends its role to whoever holds its key",
        why="Glue's development endpoints are a known way to the rights of another role.",
        technique="T1548.005",
        severity="medium",
        condition=calls("glue", "CreateDevEndpoint", "UpdateDevEndpoint"),
    ),
    Rule(
        id="credentials-in-a-task",
        title="A container was told to ask for its credentials",
        why="The command of a task definition reads the address at which the role's credentials are.",
        technique="T1552.007",
        severity="high",
        condition=both(
            calls("ecs", "RegisterTaskDefinition", "RunTask"),
            "position(record, 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI') > 0",
        ),
    ),
)
