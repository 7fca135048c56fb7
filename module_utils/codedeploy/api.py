# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The calls to AWS that the modules make: one function a call, errors explained, pages joined.

Requests and results are the API's own records (camelCase). A getter returns None for what is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..aws.errors import Record, explained, none_if

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_codedeploy import CodeDeployClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_iam import IAMClient

NO_APPLICATION = "ApplicationDoesNotExistException"
NO_CONFIG = "DeploymentConfigDoesNotExistException"
NO_GROUP = "DeploymentGroupDoesNotExistException"


# Applications


@explained("read the application {applicationName}")
@none_if(NO_APPLICATION)
def get_application(client: CodeDeployClient, request: Record) -> Record:
    return client.get_application(**request)["application"]


@explained("create the application {applicationName}")
def create_application(client: CodeDeployClient, request: Record) -> Record:
    return client.create_application(**request)


@explained("rename the application {applicationName} to {newApplicationName}")
def update_application(client: CodeDeployClient, request: Record) -> Record:
    return client.update_application(**request)


@explained("delete the application {applicationName}")
@none_if(NO_APPLICATION)
def delete_application(client: CodeDeployClient, request: Record) -> Record:
    return client.delete_application(**request)


@explained("list the applications")
def list_applications(client: CodeDeployClient, _request: Record) -> list[str]:
    pages = client.get_paginator("list_applications").paginate()
    return [name for page in pages for name in page.get("applications", [])]


@explained("read applications")
def batch_get_applications(client: CodeDeployClient, request: Record) -> Sequence[Record]:
    """At most 100; those that exist, in any order."""
    return client.batch_get_applications(**request).get("applicationsInfo", [])


# Deployment groups


@explained("list the deployment groups of {applicationName}")
@none_if(NO_APPLICATION)
def list_deployment_groups(client: CodeDeployClient, request: Record) -> list[str]:
    pages = client.get_paginator("list_deployment_groups").paginate(**request)
    return [name for page in pages for name in page.get("deploymentGroups", [])]


@explained("read deployment groups of {applicationName}")
@none_if(NO_APPLICATION)
def batch_get_deployment_groups(client: CodeDeployClient, request: Record) -> Sequence[Record]:
    """At most 100; those that exist, in any order."""
    return client.batch_get_deployment_groups(**request).get("deploymentGroupsInfo", [])


@explained("read the deployment group {deploymentGroupName} of {applicationName}")
@none_if(NO_APPLICATION, NO_GROUP)
def get_deployment_group(client: CodeDeployClient, request: Record) -> Record:
    return client.get_deployment_group(**request)["deploymentGroupInfo"]


@explained("create the deployment group {deploymentGroupName} of {applicationName}")
def create_deployment_group(client: CodeDeployClient, request: Record) -> Record:
    return client.create_deployment_group(**request)


@explained("change the deployment group {currentDeploymentGroupName} of {applicationName}")
def update_deployment_group(client: CodeDeployClient, request: Record) -> Record:
    return client.update_deployment_group(**request)


@explained("delete the deployment group {deploymentGroupName} of {applicationName}")
@none_if(NO_APPLICATION, NO_GROUP)
def delete_deployment_group(client: CodeDeployClient, request: Record) -> Record:
    return client.delete_deployment_group(**request)


# Deployment configurations


@explained("read the deployment configuration {deploymentConfigName}")
@none_if(NO_CONFIG)
def get_deployment_config(client: CodeDeployClient, request: Record) -> Record:
    return client.get_deployment_config(**request)["deploymentConfigInfo"]


@explained("create the deployment configuration {deploymentConfigName}")
def create_deployment_config(client: CodeDeployClient, request: Record) -> Record:
    return client.create_deployment_config(**request)


@explained("delete the deployment configuration {deploymentConfigName}")
@none_if(NO_CONFIG)
def delete_deployment_config(client: CodeDeployClient, request: Record) -> None:
    client.delete_deployment_config(**request)


# Tags


@explained("read the tags of {ResourceArn}")
def list_tags(client: CodeDeployClient, request: Record) -> Sequence[Record]:
    answer: Record = client.list_tags_for_resource(**request)
    tags = list(answer.get("Tags", []))
    while answer.get("NextToken"):
        answer = client.list_tags_for_resource(**request, NextToken=answer["NextToken"])
        tags += answer.get("Tags", [])
    return tags


@explained("tag {ResourceArn}")
def tag(client: CodeDeployClient, request: Record) -> Record:
    return client.tag_resource(**request)


@explained("remove tags from {ResourceArn}")
def untag(client: CodeDeployClient, request: Record) -> Record:
    return client.untag_resource(**request)


# Other services


@explained("read the role {RoleName}")
@none_if("NoSuchEntity")
def get_role(client: IAMClient, request: Record) -> Record:
    return client.get_role(**request)["Role"]


# Deployments


@explained("start a deployment of {applicationName} to {deploymentGroupName}")
def create_deployment(client: CodeDeployClient, request: Record) -> str:
    return client.create_deployment(**request)["deploymentId"]


@explained("read the deployment {deploymentId}")
def get_deployment(client: CodeDeployClient, request: Record) -> Record:
    return client.get_deployment(**request)["deploymentInfo"]


@explained("stop the deployment {deploymentId}")
@none_if("DeploymentAlreadyCompletedException")
def stop_deployment(client: CodeDeployClient, request: Record) -> Record:
    return client.stop_deployment(**request)


@explained("list deployments")
@none_if(NO_APPLICATION, NO_GROUP)
def list_deployments(client: CodeDeployClient, request: Record) -> Record:
    """One page, newest first: `deployments`, and `nextToken` where there are more."""
    return client.list_deployments(**request)


@explained("read deployments")
def batch_get_deployments(client: CodeDeployClient, request: Record) -> Sequence[Record]:
    """At most 25; in any order."""
    return client.batch_get_deployments(**request)["deploymentsInfo"]


@explained("list the targets of {deploymentId}")
@none_if("DeploymentNotStartedException")
def list_deployment_targets(client: CodeDeployClient, request: Record) -> list[str]:
    """The ids of all targets; None where AWS has not chosen them yet."""
    answer: Record = client.list_deployment_targets(**request)
    targets = list(answer.get("targetIds", []))
    while answer.get("nextToken"):
        answer = client.list_deployment_targets(**request, nextToken=answer["nextToken"])
        targets += answer.get("targetIds", [])
    return targets


@explained("read the targets of {deploymentId}")
def batch_get_deployment_targets(client: CodeDeployClient, request: Record) -> Sequence[Record]:
    """At most 25."""
    return client.batch_get_deployment_targets(**request).get("deploymentTargets", [])


@explained("register a revision of {applicationName}")
def register_application_revision(client: CodeDeployClient, request: Record) -> None:
    client.register_application_revision(**request)


# Instances and objects


@explained("look up the instances of the deployment group")
def describe_instances(client: EC2Client, request: Record) -> list[Record]:
    """Every instance that matches `Filters`."""
    pages = client.get_paginator("describe_instances").paginate(**request)
    return [item for page in pages for group in page["Reservations"] for item in group["Instances"]]


@explained("look at s3://{Bucket}/{Key}")
@none_if("404", "NoSuchKey", "NotFound")
def head_object(client: Any, request: Record) -> Record:  # noqa: ANN401 - S3's types are no dependency
    answer: Record = client.head_object(**request)
    return answer


@explained("upload s3://{Bucket}/{Key}")
def put_object(client: Any, request: Record) -> None:  # noqa: ANN401 - as above
    client.put_object(**request)
