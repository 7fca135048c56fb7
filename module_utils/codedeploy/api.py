# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The calls to AWS that the modules make: one function a call, errors explained, pages joined.

Requests and results are the API's own records (camelCase). A getter returns None for what is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible.module_utils.codedeploy.errors import Record, explained, none_if

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_codedeploy import CodeDeployClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient

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


# Deployment groups


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


@explained("find out which account the credentials belong to")
def get_caller_identity(client: STSClient, request: Record) -> Record:
    return client.get_caller_identity(**request)


@explained("read the role {RoleName}")
@none_if("NoSuchEntity")
def get_role(client: IAMClient, request: Record) -> Record:
    return client.get_role(**request)["Role"]
