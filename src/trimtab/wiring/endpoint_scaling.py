"""The scaling engine as the inference room knows it: policies of endpoints become targets that are observed."""

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.base.records import replace
from trimtab.cloud.buckets import Buckets, read_buckets
from trimtab.cloud.s3_folders import S3Folders
from trimtab.egress.gate import Gate
from trimtab.inference.adoption import Scalable
from trimtab.inference.room import InferenceRoom
from trimtab.scaling.engine.model import Form, Guards, Kind, Mode, Service, Signal, TargetKey
from trimtab.scaling.engine.room import ScalingRoom
from trimtab.settings import Settings
from trimtab.store.state.database import State

POLICY = "sizing"
NAMESPACE, DIMENSION = "sagemaker", "sagemaker:variant:DesiredInstanceCount"
_METRIC = "SageMakerVariantInvocationsPerInstance"
_LAUNCH_S = 300.0  # where no test timed a start: an instance of SageMaker takes minutes


class EndpointScaling(Struct, frozen=True):
    """Over the engine's room."""

    room: ScalingRoom

    async def adopt(self, one: Scalable) -> str:
        """Register a variant, in mode observe, with its policy; the target's id. Raises InvalidInput, LimitExceeded.

        A target that is there already keeps its lower bound, its guard rails and whatever else it has; its mode is
        observe again, since what is new is looked at first.
        """
        key = TargetKey(one.account, one.region, NAMESPACE, one.resource, DIMENSION)
        scope = Scope(accounts=frozenset({one.account}))
        dimensions = {"EndpointName": one.endpoint, "VariantName": one.variant}
        signal = Signal("AWS/SageMaker", "Invocations", dimensions, "Sum", per_period=True)
        service = Service(one.capacity, one.launch_s or _LAUNCH_S, 60, signal)
        guards = Guards(price_per_hour=one.per_hour, currency=one.currency)

        def shaped(known: Form | None) -> Form:
            if known is None:
                return Form(1, one.most, mode=Mode.OBSERVE, guards=guards, service=service)
            kept = replace(known.guards, price_per_hour=one.per_hour or known.guards.price_per_hour)
            return replace(known, least=min(known.least, one.most), most=one.most, mode=Mode.OBSERVE, guards=kept,
                           service=service)  # fmt: skip

        target = await self.room.targets.shape(key, shaped)
        document = {
            "TargetValue": one.target_per_min,
            "PredefinedMetricSpecification": {"PredefinedMetricType": _METRIC},
        }
        await self.room.policies.put(scope, key, POLICY, Kind.TRACKING, document)
        return target.id

    async def release(self, account: str, target_id: str) -> None:
        """Take the policy away from a target; one that is gone is no error."""
        scope = Scope(accounts=frozenset({account}))
        try:
            target = await self.room.targets.get(scope, target_id)
            await self.room.policies.delete(scope, target.key, POLICY)
        except NotFound:
            return


def inference_of(settings: Settings, state: State, clock: Clock, scaling: ScalingRoom) -> InferenceRoom:
    """The inference room, whose policies go to the engine."""
    own, gate = (settings.account_id, settings.region), Gate.of(settings, state, clock)
    buckets = Buckets(read_buckets(settings.batch_buckets), S3Folders())
    room = InferenceRoom.of(state, clock, settings.data_dir, *own, gate, buckets)
    room.adoption.engine = EndpointScaling(scaling)
    return room
