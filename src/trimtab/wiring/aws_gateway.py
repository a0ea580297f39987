"""AWS's door over the rooms: every service that it speaks, with what each of them needs."""

from trimtab.base.errors import NotFound
from trimtab.capacity.set_aside import SetAside
from trimtab.doors.auditing.aws import AwsAuditor
from trimtab.doors.aws.advice import service as advice_service
from trimtab.doors.aws.application_signals import service as signals_service
from trimtab.doors.aws.application_signals.rooms import SignalsRooms
from trimtab.doors.aws.batch import service as batch_service
from trimtab.doors.aws.budgets import service as budgets_service
from trimtab.doors.aws.cloudtrail import service as cloudtrail_service
from trimtab.doors.aws.cloudtrail.rooms import CloudTrailRooms
from trimtab.doors.aws.cloudwatch import service as cloudwatch_service
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms
from trimtab.doors.aws.cloudwatch.tags import EveryTagged, dashboards_exist, named_exist
from trimtab.doors.aws.compute_optimizer import service as compute_optimizer_service
from trimtab.doors.aws.cost_explorer import service as cost_explorer_service
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms
from trimtab.doors.aws.data_exports import service as data_exports_service
from trimtab.doors.aws.ec2 import service as ec2_service
from trimtab.doors.aws.ec2.rooms import Ec2Rooms
from trimtab.doors.aws.events import service as events_service
from trimtab.doors.aws.gateway import Gateway, GatewayOptions
from trimtab.doors.aws.health import service as health_service
from trimtab.doors.aws.health.rooms import HealthRooms
from trimtab.doors.aws.logs import service as logs_service
from trimtab.doors.aws.logs.rooms import LogRooms
from trimtab.doors.aws.pricing import service as pricing_service
from trimtab.doors.aws.sagemaker import service as sagemaker_service
from trimtab.doors.aws.sagemaker.rooms import MetricRooms, SageMakerRooms
from trimtab.doors.aws.savingsplans import service as savingsplans_service
from trimtab.doors.aws.service_quotas import service as quotas_service
from trimtab.doors.aws.service_quotas.rooms import QuotaRooms
from trimtab.doors.aws.sns import service as sns_service
from trimtab.doors.aws.sts import StsRooms
from trimtab.doors.aws.sts import operations as sts
from trimtab.doors.aws.xray import service as xray_service
from trimtab.doors.aws.xray.rooms import XRayRooms
from trimtab.fleet.health.notices import NoticeReader
from trimtab.inventory.quota_requests import QuotaRequests
from trimtab.inventory.service_quotas import ServiceQuotas
from trimtab.settings import public_url
from trimtab.traces.requests import RequestReader
from trimtab.wiring.bill_exports import bill_exports
from trimtab.wiring.canaries import synthetics_of
from trimtab.wiring.deliveries import announcer
from trimtab.wiring.metric_streams import streams_of
from trimtab.wiring.quicksight import quicksight_of
from trimtab.wiring.report_rooms import ReportRooms
from trimtab.wiring.rooms import Rooms
from trimtab.wiring.tagging import tagging_of


def gateway_of(rooms: Rooms, reports: ReportRooms, auditor: AwsAuditor) -> Gateway:
    """The gateway of all services."""
    training = MetricRooms(rooms.registry, rooms.ingest, rooms.reader, rooms.ledger, rooms.clock)
    has_dashboard = dashboards_exist(rooms.dashboards.store.get, NotFound)
    streams = streams_of(rooms.settings, rooms.stores.state, rooms.clock)
    has_rule = named_exist(rooms.logs.contributors.store.get, "insight-rule")
    has_stream = named_exist(streams.store.get, "metric-stream")
    parts = CloudWatchRooms(
        rooms.registry,
        rooms.ingest,
        rooms.reader,
        rooms.ledger,
        rooms.clock,
        rooms.evaluator,
        tagged=EveryTagged(rooms.alarms.tags, (rooms.alarms.tags.exists, has_dashboard, has_rule, has_stream)),
        dashboards=rooms.dashboards,
        alarms=rooms.alarms,
        detectors=rooms.detectors,
        contributors=rooms.logs.contributors,
        streams=streams,
    )
    rooms.series_memory.append(parts.ids.clear)
    explained = rooms.economics.rules, rooms.cost_anomalies, rooms.advice_plan.purchases, rooms.rightsizing
    notices = NoticeReader(rooms.gpu_health, rooms.inventory.nodes, rooms.settings.region)
    set_aside = SetAside(rooms.inference.served, rooms.inventory, rooms.settings.region)
    services = [
        logs_service.build(LogRooms.of(rooms.logs, rooms.ledger, rooms.log_insights, rooms.log_anomalies)),
        cloudwatch_service.build(parts),
        sts.bind(StsRooms(rooms.keys, rooms.clock)),
        *data_exports_service.build(bill_exports(rooms)),
        sns_service.build(rooms.notify),
        events_service.build(rooms.triggers),
        xray_service.build(XRayRooms(rooms.traces, rooms.ledger)),
        synthetics_of(rooms.canaries, rooms.alarms.tags, rooms.gate),
        signals_service.build(SignalsRooms(rooms.slos, RequestReader(rooms.stores.telemetry), rooms.alarms.tags)),
        cost_explorer_service.build(CostExplorerRooms.of(rooms.costs, rooms.clock, *explained)),
        budgets_service.build(rooms.budgets, rooms.settings.account_id),
        compute_optimizer_service.build(rooms.rightsizing),
        *sagemaker_service.build(
            SageMakerRooms(rooms.inference, rooms.batch, training, rooms.actuators, notices, rooms.inventory)
        ),
        batch_service.build(rooms.batch.commands),
        *cloudtrail_service.build(CloudTrailRooms(rooms.audit, rooms.ledger)),
        *advice_service.build(rooms.advice),
        ec2_service.build(Ec2Rooms(set_aside, rooms.clock)),
        savingsplans_service.build(rooms.advice_plan.purchases),
        *rooms.scaling.services(),
        health_service.build(HealthRooms(notices)),
        quotas_service.build(_quotas(rooms)),
        pricing_service.build(rooms.inventory.book, public_url(rooms.settings)),
        quicksight_of(rooms, reports.ingestions, reports.snapshots),
    ]
    services.append(tagging_of(rooms, services))
    place = rooms.settings.account_id, rooms.settings.region
    return Gateway(GatewayOptions(services, rooms.keys, rooms.clock, *place, rooms.auth_required, auditor))


def _quotas(rooms: Rooms) -> QuotaRooms:
    inventory = rooms.inventory
    quotas = ServiceQuotas(inventory.resources, inventory.quotas, inventory.nodes, rooms.settings.region)
    announce = announcer(rooms.triggers.intake, rooms.clock, "servicequotas")
    return QuotaRooms(quotas, QuotaRequests(rooms.stores.state, rooms.clock), announce)
