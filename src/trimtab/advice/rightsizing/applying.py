"""How a recommendation is applied: a command, and the same as a diff of what declares the resource. Pure."""

import shlex

from msgspec import Struct

from trimtab.advice.rightsizing.model import Advised, Kind, Option, Recommendation, Subject


class Change(Struct, frozen=True):
    """A command that applies a recommendation and a diff of a declaration, "" where there is none; does it restart."""

    command: str
    diff: str
    restart: bool


def change(found: Recommendation, to: Advised | None = None) -> Change:
    """How to move to an option; the first where none is given. Empty without one."""
    target = to or (found.advised[0] if found.advised else None)
    if target is None:
        return _idle(found) if found.idle else Change("", "", restart=False)
    subject, now, option = found.subject, found.current, target.option
    match subject.kind:
        case Kind.VOLUME:
            return _volume(subject, now, option)
        case Kind.CONTAINER:
            return _container(subject, now, option)
        case Kind.FUNCTION:
            size = str(option.facts["memory_mb"])
            words = f"--function-name {_q(subject.id)} --memory-size {size} --region {_q(subject.region)}"
            return Change(
                f"aws lambda update-function-configuration {words}",
                _terraform("aws_lambda_function", "memory_size", str(now.facts["memory_mb"]) if now else "", size),
                restart=False,
            )
        case Kind.DATABASE:
            words = f"--db-instance-identifier {_q(subject.id)} --db-instance-class {_q(option.name)}"
            return Change(
                f"aws rds modify-db-instance {words} --region {_q(subject.region)}",
                _terraform("aws_db_instance", "instance_class", _quoted(now), f'"{option.name}"'),
                restart=True,
            )
        case Kind.SERVICE:
            return _service(subject, now, option)
        case Kind.GROUP:
            return Change(
                f"aws ec2 create-launch-template-version --launch-template-id <template of {subject.id}> "
                f"--source-version '$Latest' --launch-template-data '{{\"InstanceType\":\"{option.name}\"}}' "
                f"--region {_q(subject.region)} && aws autoscaling start-instance-refresh "
                f"--auto-scaling-group-name {_q(subject.id)} --region {_q(subject.region)}",
                _terraform("aws_launch_template", "instance_type", _quoted(now), f'"{option.name}"'),
                restart=True,
            )
        case Kind.ENDPOINT:
            return _endpoint(subject, now, option)
    id_, region = _q(subject.id), _q(subject.region)
    return Change(
        f"aws ec2 stop-instances --instance-ids {id_} --region {region} && "
        f"aws ec2 wait instance-stopped --instance-ids {id_} --region {region} && "
        f"aws ec2 modify-instance-attribute --instance-id {id_} --instance-type {_q(option.name)} --region {region} && "
        f"aws ec2 start-instances --instance-ids {id_} --region {region}",
        _terraform("aws_instance", "instance_type", _quoted(now), f'"{option.name}"'),
        restart=True,
    )


def _volume(subject: Subject, now: Option | None, option: Option) -> Change:
    told = option.facts
    words = [f"--volume-id {_q(subject.id)}", f"--volume-type {told['type']}"]
    if told["type"] != "gp2":
        words.append(f"--iops {told['iops']}")
    if told["type"] == "gp3":
        words.append(f"--throughput {told['throughput']}")
    before = f'"{now.facts["type"]}"' if now is not None else ""
    diff = _terraform("aws_ebs_volume", "type", before, f'"{told["type"]}"')
    return Change(f"aws ec2 modify-volume {' '.join(words)} --region {_q(subject.region)}", diff, restart=False)


def _container(subject: Subject, now: Option | None, option: Option) -> Change:
    namespace, pod, container = subject.id.split("/", 2)
    asked = _asked(option)
    patch = (
        '{"spec":{"containers":[{"name":"' + container + '","resources":{"requests":{'
        + ",".join(f'"{name}":"{value}"' for name, value in asked.items()) + "}}}]}}"
    )  # fmt: skip
    lines = ["resources:", "  requests:"]
    before = _asked(now) if now is not None else {}
    for name, value in asked.items():
        lines += [f"-   {name}: {before[name]}"] if name in before else []
        lines.append(f"+   {name}: {value}")
    command = f"kubectl patch pod {_q(pod)} -n {_q(namespace)} --subresource resize --patch {shlex.quote(patch)}"
    return Change(command, "\n".join(lines), restart=False)


def _asked(option: Option) -> dict[str, str]:
    found = {"cpu": f"{option.facts['milli_cores']}m", "memory": f"{option.facts['mib']}Mi"}
    return {name: value for name, value in found.items() if not value.startswith("0")}


def _service(subject: Subject, now: Option | None, option: Option) -> Change:
    cpu, memory = option.facts["cpu"], option.facts["memory_mib"]
    cluster, _, name = subject.id.partition("/")
    diff = "\n".join(
        (
            _terraform("aws_ecs_task_definition", "cpu", str(now.facts["cpu"]) if now else "", str(cpu)),
            _terraform("aws_ecs_task_definition", "memory", str(now.facts["memory_mib"]) if now else "", str(memory)),
        )
    )
    return Change(
        f"aws ecs register-task-definition --cli-input-json file://task.json --cpu {cpu} --memory {memory} && "
        f"aws ecs update-service --cluster {_q(cluster)} --service {_q(name)} --task-definition <family> "
        f"--region {_q(subject.region)}",
        diff,
        restart=False,
    )


def _endpoint(subject: Subject, now: Option | None, option: Option) -> Change:
    name, _, variant = subject.id.partition("/")
    diff = _terraform("aws_sagemaker_endpoint_configuration", "instance_type", _quoted(now), f'"{option.name}"')
    return Change(
        f"aws sagemaker create-endpoint-config --endpoint-config-name {_q(name)}-resized --production-variants "
        f"VariantName={_q(variant or 'AllTraffic')},ModelName=<model>,InstanceType={option.name},"
        f"InitialInstanceCount={subject.count:.0f} --region {_q(subject.region)} && aws sagemaker update-endpoint "
        f"--endpoint-name {_q(name)} --endpoint-config-name {_q(name)}-resized --region {_q(subject.region)}",
        diff,
        restart=False,
    )


def _idle(found: Recommendation) -> Change:
    subject = found.subject
    id_, region = _q(subject.id), _q(subject.region)
    match subject.kind:
        case Kind.INSTANCE:
            return Change(f"aws ec2 stop-instances --instance-ids {id_} --region {region}", "", restart=True)
        case Kind.VOLUME:
            return Change(f"aws ec2 delete-volume --volume-id {id_} --region {region}", "", restart=False)
        case Kind.ENDPOINT:
            name = _q(subject.id.partition("/")[0])
            return Change(f"aws sagemaker delete-endpoint --endpoint-name {name} --region {region}", "", restart=True)
        case Kind.DATABASE:
            return Change(
                f"aws rds stop-db-instance --db-instance-identifier {id_} --region {region}", "", restart=True
            )
    return Change("", "", restart=False)


def _terraform(type_: str, attribute: str, before: str, after: str) -> str:
    lines = [f'  resource "{type_}" "this" {{', *([f"-   {attribute} = {before}"] if before else [])]
    return "\n".join([*lines, f"+   {attribute} = {after}", "  }"])


def _quoted(now: Option | None) -> str:
    return f'"{now.name}"' if now is not None else ""


def _q(text: str) -> str:
    return shlex.quote(text)
