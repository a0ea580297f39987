"""Operations on training and processing jobs: they run on the local pool, as the settings' file lets them."""

from trimtab.access.principal import Role
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.batch.containers.asked import asked_of
from trimtab.batch.containers.jobs import RUNNING, STOPPING
from trimtab.batch.containers.shapes import described, processing_row, training_row
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, form_of, listed, operations, place
from trimtab.doors.aws.sagemaker.training_plans import admit_job
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of
from trimtab.inventory.served.model import PROCESSING, TRAINING, Served

_OVER = ("Completed", "Failed", "Stopped")


@operations.add("CreateTrainingJob", needs=Role.ADMIN, job=True)
async def create_training_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Begin a job: the command that stands for its image, on the local pool, within the training plan that it names."""
    await admit_job(rooms, request, context)
    made = await _create(rooms, TRAINING, request["TrainingJobName"], request, context)
    return {"TrainingJobArn": made.arn}


@operations.add("DescribeTrainingJob", job=True)
async def describe_training_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One job, with what became of it: transitions, metrics, billable time and the model's place."""
    return described(await _get(rooms, TRAINING, request["TrainingJobName"], context))


@operations.add("ListTrainingJobs")
async def list_training_jobs(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Jobs."""
    found, more = await listed(rooms, TRAINING, request, context)
    return {"TrainingJobSummaries": [training_row(one) for one in found], **more}


@operations.add("StopTrainingJob", needs=Role.ADMIN, job=True)
async def stop_training_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """End a job; what it has written to its model's folder is kept."""
    return await _stop(rooms, TRAINING, request["TrainingJobName"], context)


@operations.add("DeleteTrainingJob", needs=Role.ADMIN, job=True)
async def delete_training_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete a job that is over; its log and its run stay."""
    return await _delete(rooms, TRAINING, request["TrainingJobName"], context)


@operations.add("CreateProcessingJob", needs=Role.ADMIN, job=True)
async def create_processing_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Begin a job: the command that stands for its image, or the analysis of the service's own image."""
    made = await _create(rooms, PROCESSING, request["ProcessingJobName"], request, context)
    return {"ProcessingJobArn": made.arn}


@operations.add("DescribeProcessingJob", job=True)
async def describe_processing_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One job, with what became of it."""
    return described(await _get(rooms, PROCESSING, request["ProcessingJobName"], context))


@operations.add("ListProcessingJobs")
async def list_processing_jobs(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Jobs."""
    found, more = await listed(rooms, PROCESSING, request, context)
    return {"ProcessingJobSummaries": [processing_row(one) for one in found], **more}


@operations.add("StopProcessingJob", needs=Role.ADMIN, job=True)
async def stop_processing_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """End a job; what it has written to its outputs is kept."""
    return await _stop(rooms, PROCESSING, request["ProcessingJobName"], context)


@operations.add("DeleteProcessingJob", needs=Role.ADMIN, job=True)
async def delete_processing_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Delete a job that is over; its log and its run stay."""
    return await _delete(rooms, PROCESSING, request["ProcessingJobName"], context)


async def _create(rooms: SageMakerRooms, kind: str, name: str, request: Request, context: CallContext) -> Served:
    asked_of(kind, name, request)
    try:
        return await rooms.served.create(place(context), kind, name, form_of(request), RUNNING, tags_of(request))
    except Conflict:
        word = kind.replace("-", " ")
        raise AwsError(
            "ResourceInUse", f"{word.capitalize()} names must be unique within an AWS account and region."
        ) from None


async def _get(rooms: SageMakerRooms, kind: str, name: str, context: CallContext) -> Served:
    try:
        return await rooms.served.get(place(context), kind, name)
    except NotFound:
        raise AwsError("ValidationException", "Requested resource not found.") from None


async def _stop(rooms: SageMakerRooms, kind: str, name: str, context: CallContext) -> Answer:
    found = await _get(rooms, kind, name, context)
    if not await rooms.served.change(found, status=STOPPING, only_from=(RUNNING,)):
        raise InvalidInput(
            f"The request was rejected because the {kind.replace('-', ' ')} is in status {found.status}."
        )
    return {}


async def _delete(rooms: SageMakerRooms, kind: str, name: str, context: CallContext) -> Answer:
    found = await _get(rooms, kind, name, context)
    if found.status not in _OVER:
        raise AwsError("ResourceInUse", f"The {kind.replace('-', ' ')} is in status {found.status}: stop it first.")
    await rooms.served.delete(place(context), kind, name)
    return {}
