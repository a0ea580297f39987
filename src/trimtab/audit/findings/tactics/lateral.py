"""Lateral movement: how somebody goes from one machine to the next."""

from trimtab.audit.findings.rule import Rule, calls, either

RULES = (
    Rule(
        id="keys-pushed",
        title="Keys were pushed to several instances",
        why="One is how people sign in; three within ten minutes are somebody going from machine to machine.",
        technique="T1098.004",
        severity="medium",
        condition=calls("ec2-instance-connect", "SendSSHPublicKey", "OpenTunnel"),
        least=3,
    ),
    Rule(
        id="serial-console",
        title="The serial console of instances was used or allowed",
        why="It needs no network path, so that no security group holds it back.",
        technique="T1021.008",
        severity="high",
        condition=either(
            calls("ec2-instance-connect", "SendSerialConsoleSSHPublicKey"), calls("ec2", "EnableSerialConsoleAccess")
        ),
    ),
)
