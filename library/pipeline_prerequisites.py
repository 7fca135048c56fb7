#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: pipeline_prerequisites
version_added: "0.2.0"
short_description: Look at all that the pipeline needs and does not make itself
description:
  - Asks AWS, GitHub, the DNS and the file system about everything at once, and says all that is missing, each with the
    way out. Changes nothing.
  - Credentials, their account, the region, the hosted zone and who it is delegated to, quotas, names that others have,
    the link to GitHub, the commit, the token, the agent's package, the deployment configuration, alarms, the image with
    its architecture and root volume, the key file, buckets, the SNS topic, the network and the permissions boundary.
  - An option is the setting of roles/pipeline that has its name after C(pipeline_).
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  alarms:
    description: The names of CloudWatch alarms that the deployment group is to watch.
    type: list
    elements: str
    default: []
  application:
    description: The CodeDeploy application.
    type: str
    required: true
  commit:
    description: The commit to deploy; empty is the head of the default branch.
    type: str
    default: ""
  connection_bucket:
    description: The company's bucket that Ansible's modules travel through; empty where hosts are reached by SSH.
    type: str
    default: ""
  deployment_config:
    description: The deployment configuration of the deployment group.
    type: str
    required: true
  domain_record:
    description: The site's name.
    type: str
    required: true
  domain_zone:
    description: The public hosted zone.
    type: str
    required: true
  fleet:
    description: What serves the site instead of O(instance_count) instances.
    type: dict
    suboptions:
      name:
        description: The name of load balancer, target group and Auto Scaling group.
        type: str
        required: true
      max_size:
        description: How many hosts there are at most.
        type: int
        required: true
      blue_green:
        description: Whether a deployment goes to as many hosts again.
        type: bool
        default: false
      hosts_subnets:
        description: The subnets of the hosts; empty are the default ones.
        type: list
        elements: str
        default: []
      balancer_subnets:
        description: The subnets of the load balancer; empty are the default ones.
        type: list
        elements: str
        default: []
  github_api_url:
    description: Where GitHub's REST API is.
    type: str
    default: https://api.github.com
  github_create_repository:
    description: Whether the repository will be created and filled where it is missing.
    type: bool
    default: false
  github_environment:
    description: The environment of the repository, which must not be another application's.
    type: str
    required: true
  github_repository:
    description: The repository of the site, OWNER/NAME.
    type: str
    required: true
  github_reviewers:
    description: Users, and teams as OWNER/TEAM, whom GitHub must know. They are looked for where there is a token.
    type: list
    elements: str
    default: []
  github_token:
    description: A token for GitHub's REST API; empty asks without.
    type: str
    default: ""
  github_token_name:
    description: The name of CodeDeploy's link to GitHub; empty checks nothing.
    type: str
    default: ""
  https:
    description: Where the site's certificate comes from; V(none) serves it by HTTP alone.
    type: str
    choices: [acme, files, none]
    default: none
  https_acme_directory:
    description: The directory of the authority, with O(https=acme).
    type: str
    default: ""
  https_acme_eab_key_id:
    description: The id of an external account binding's key; empty is none.
    type: str
    default: ""
  https_ca_file:
    description: A file of authorities (PEM) by which the directory and the certificates are verified too; empty is none.
    type: str
    default: ""
  https_certificate_file:
    description: The certificate (PEM), with O(https=files).
    type: str
    default: ""
  https_key_file:
    description: The file of the certificate's key (PEM), with O(https=files).
    type: str
    default: ""
  iam_permissions_boundary:
    description: The ARN of the policy that bounds every role; empty is none.
    type: str
    default: ""
  image_parameter:
    description: The public SSM parameter that names the image, where O(instance_image) is empty.
    type: str
    required: true
  instance_count:
    description: How many instances serve the site.
    type: int
    required: true
  instance_image:
    description: The id of an image; empty is what O(image_parameter) names.
    type: str
    default: ""
  instance_name:
    description: The tag Name of the instances.
    type: str
    required: true
  instance_replace:
    description: Whether instances of another image are replaced.
    type: bool
    default: false
  instance_root_device:
    description: The name of the image's root device.
    type: str
    required: true
  instance_type:
    description: The instance type.
    type: str
    required: true
  instance_volume_size:
    description: GiB of the root volume.
    type: int
    required: true
  notification_topic:
    description: The ARN of the SNS topic that deployments are to be published to; empty checks nothing.
    type: str
    default: ""
  owned_tags:
    description: The tags by which the pipeline knows what is its own.
    type: dict
    required: true
  region:
    description: The AWS region.
    type: str
    required: true
  revision_bucket:
    description: The company's bucket that revisions go through. Looked for with O(revision_source=s3) only.
    type: str
    default: ""
  revision_source:
    description: From where hosts fetch revisions. Only V(github) needs the link.
    type: str
    choices: [github, s3]
    default: github
  roles:
    description: The names of the three roles, by the settings that hold them.
    type: dict
    required: true
    suboptions:
      iam_codedeploy_role:
        description: The service role that CodeDeploy takes.
        type: str
        required: true
      iam_ec2_role:
        description: The role, and the instance profile, of the instances.
        type: str
        required: true
      iam_github_role:
        description: The role that GitHub Actions takes.
        type: str
        required: true
  security_group:
    description: The name of the instances' security group.
    type: str
    required: true
  ssh_key_name:
    description: The name of the key pair in EC2.
    type: str
    required: true
  ssh_public_key_file:
    description: The file of the key pair's public half.
    type: str
    required: true
  vpc_id:
    description: The VPC to work in; empty is the default VPC.
    type: str
    default: ""
  vpc_subnet_id:
    description: The public subnet of the instances; empty is one of the default VPC's.
    type: str
    default: ""
requirements:
  - boto3 >= 1.44
notes:
  - Credentials and endpoints come from the environment.
  - What the credentials may not look at is a note, not a problem; the run itself will say whether it is needed.
  - Where an A record points elsewhere and nothing of the pipeline is there, it is somebody else's; where the pipeline is
    there already, it is drift, which the next run mends.
  - 'Permissions: C(sts:GetCallerIdentity), C(ec2:DescribeAddresses), C(DescribeImages), C(DescribeInstanceTypeOfferings),
    C(DescribeInstanceTypes), C(DescribeInstances), C(DescribeKeyPairs), C(DescribeRegions), C(DescribeSecurityGroups), C(DescribeSubnets),
    C(iam:GetRole), C(GetInstanceProfile), C(GetPolicy), C(route53:ListHostedZonesByName), C(GetHostedZone),
    C(ListResourceRecordSets), C(codedeploy:GetApplication), C(GetDeploymentConfig), C(ListTagsForResource), C(ListGitHubAccountTokenNames),
    C(autoscaling:DescribeAutoScalingGroups), C(cloudwatch:DescribeAlarms), C(elasticloadbalancing:DescribeLoadBalancers),
    C(DescribeTargetGroups), C(servicequotas:GetServiceQuota), C(sns:GetTopicAttributes), C(ssm:GetParameter).'
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reads
"""

EXAMPLES = r"""
- name: Check the prerequisites in AWS, GitHub and DNS
  codedeploy.pipeline.pipeline_prerequisites:
    region: us-east-1
    application: test.codeDeploy.001
    deployment_config: CodeDeployDefault.OneAtATime
    domain_zone: example.com
    domain_record: www.example.com
    github_environment: Prod
    github_repository: OWNER/codedeploy.nginx.001
    image_parameter: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64
    instance_count: 1
    instance_name: ec2.cheaper.001
    instance_root_device: /dev/xvda
    instance_type: t3a.nano
    instance_volume_size: 8
    owned_tags: {ManagedBy: aws-codedeploy-pipeline, Application: test.codeDeploy.001}
    roles:
      iam_ec2_role: AWSCodeDeployService-EC2AccessCodeDeployRole-20241024T000000
      iam_codedeploy_role: AWSCodeDeployService-DepolyEC2Role-20241024T000000
      iam_github_role: AWSCodeDeployService-GitAssumeRoleWithAction-20241024T000000
    security_group: ec2.cheaper.001
    ssh_key_name: ec2.cheaper.001
    ssh_public_key_file: ~/.ssh/id_ed25519.pub
"""

RETURN = r"""
account:
  description: The number of the account.
  returned: success
  type: str
  sample: "123456789012"
caller:
  description: Whose credentials these are, an ARN.
  returned: success
  type: str
  sample: arn:aws:sts::123456789012:assumed-role/operator/me
commit:
  description: The commit that would be deployed; empty where the repository is yet to be created.
  returned: success
  type: str
  sample: 0123456789abcdef0123456789abcdef01234567
image:
  description: The id of the image that would be launched; empty where it could not be looked at.
  returned: success
  type: str
  sample: ami-0123456789abcdef0
zones:
  description: The availability zones that offer the instance type; none where that could not be looked at.
  returned: success
  type: list
  elements: str
  sample: [us-east-1a, us-east-1b]
notes:
  description: What is good to know, and what could not be looked at.
  returned: always
  type: list
  elements: str
  sample: []
problems:
  description: What is missing, each in one sentence that names the setting, its value and the way out.
  returned: always
  type: list
  elements: str
  sample: []
summary:
  description: Whose credentials these are, the region, and the notes, for people.
  returned: success
  type: list
  elements: str
  sample: ["arn:aws:sts::123456789012:assumed-role/operator/me in us-east-1: nothing is missing"]
"""

from typing import Any

from ..module_utils.aws.errors import require_whole_answers
from ..module_utils.aws.libraries import missing
from ..module_utils.aws.module import NamingModule
from ..module_utils.pipeline.prerequisites import account, judge
from ..module_utils.pipeline.prerequisites.sight import there
from ..module_utils.pipeline.prerequisites.wanted import Seen, Unseen, Wanted

try:
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    from ..module_utils.pipeline.prerequisites import read
except ImportError:
    MISSING_LIBRARY = True
else:
    MISSING_LIBRARY = False

ROLES = {
    name: {"type": "str", "required": True}
    for name in ("iam_codedeploy_role", "iam_ec2_role", "iam_github_role")
}
FLEET = {
    "name": {"type": "str", "required": True},
    "max_size": {"type": "int", "required": True},
    "blue_green": {"type": "bool", "default": False},
    "hosts_subnets": {"type": "list", "elements": "str", "default": []},
    "balancer_subnets": {"type": "list", "elements": "str", "default": []},
}
ARGUMENT_SPEC = {
    "alarms": {"type": "list", "elements": "str", "default": []},
    "application": {"type": "str", "required": True},
    "commit": {"type": "str", "default": ""},
    "connection_bucket": {"type": "str", "default": ""},
    "deployment_config": {"type": "str", "required": True},
    "domain_record": {"type": "str", "required": True},
    "domain_zone": {"type": "str", "required": True},
    "fleet": {"type": "dict", "options": FLEET},
    "github_api_url": {"type": "str", "default": "https://api.github.com"},
    "github_create_repository": {"type": "bool", "default": False},
    "github_environment": {"type": "str", "required": True},
    "github_repository": {"type": "str", "required": True},
    "github_reviewers": {"type": "list", "elements": "str", "default": []},
    "github_token": {"type": "str", "default": "", "no_log": True},
    "github_token_name": {"type": "str", "default": "", "no_log": False},
    "https": {"type": "str", "default": "none", "choices": ["acme", "files", "none"]},
    "https_acme_directory": {"type": "str", "default": ""},
    "https_acme_eab_key_id": {"type": "str", "default": "", "no_log": False},
    "https_ca_file": {"type": "str", "default": ""},
    "https_certificate_file": {"type": "str", "default": ""},
    "https_key_file": {"type": "str", "default": "", "no_log": False},
    "iam_permissions_boundary": {"type": "str", "default": ""},
    "image_parameter": {"type": "str", "required": True},
    "instance_count": {"type": "int", "required": True},
    "instance_image": {"type": "str", "default": ""},
    "instance_name": {"type": "str", "required": True},
    "instance_replace": {"type": "bool", "default": False},
    "instance_root_device": {"type": "str", "required": True},
    "instance_type": {"type": "str", "required": True},
    "instance_volume_size": {"type": "int", "required": True},
    "notification_topic": {"type": "str", "default": ""},
    "owned_tags": {"type": "dict", "required": True},
    "region": {"type": "str", "required": True},
    "revision_bucket": {"type": "str", "default": ""},
    "revision_source": {"type": "str", "choices": ["github", "s3"], "default": "github"},
    "roles": {"type": "dict", "required": True, "options": ROLES},
    "security_group": {"type": "str", "required": True},
    "ssh_key_name": {"type": "str", "required": True, "no_log": False},
    "ssh_public_key_file": {"type": "str", "required": True, "no_log": False},
    "vpc_id": {"type": "str", "default": ""},
    "vpc_subnet_id": {"type": "str", "default": ""},
}
TRIES, PATIENCE = 6, 10  # of each call; seconds until a connection must stand, and between its bytes


def look(wanted: Wanted, session: Any) -> Seen:  # noqa: ANN401 - boto3's session has a type for every service
    patient = Config(
        connect_timeout=PATIENCE,
        read_timeout=PATIENCE,
        retries={"mode": "standard", "total_max_attempts": TRIES},
    )
    unsigned = patient.merge(Config(signature_version=UNSIGNED))
    clients = {
        name: session.client(name, config=unsigned if name == "s3" else patient)
        for name in read.services(wanted)
    }
    for client in clients.values():
        require_whole_answers(client)
    return read.look(clients, wanted)


def known_regions(session: Any) -> list[str]:  # noqa: ANN401 - as above
    partitions = session.get_available_partitions()
    return [name for each in partitions for name in session.get_available_regions("ec2", each)]


def main() -> None:
    module = NamingModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    if MISSING_LIBRARY:
        module.fail_json(msg=missing("boto3 and botocore"))
    asked = {name: module.params[name] for name in ARGUMENT_SPEC}
    wanted = Wanted(**asked | {"fleet": asked["fleet"] or {}})
    try:
        # One session: each new one would read botocore's descriptions again, a quarter of a second.
        session = boto3.session.Session(region_name=wanted.region)
        unknown = account.unknown_region(wanted.region, known_regions(session))
        if unknown:
            module.fail_json(msg=unknown, problems=[unknown], notes=[])
        seen = look(wanted, session)
    except (BotoCoreError, ValueError) as error:
        module.fail_json(msg=f"AWS cannot be asked: {error} Check AWS_PROFILE and AWS_ENDPOINT_URL.")
    findings = judge.judge(wanted, seen)
    result = {"problems": findings.problems, "notes": findings.notes}
    if findings.problems:
        module.fail_json(msg="\n".join(findings.problems), **result)
    caller, image = seen["identity"]["Arn"], seen["image"]
    module.exit_json(
        changed=False,
        account=seen["identity"]["Account"],
        caller=caller,
        commit=seen["commit"]["sha"] or "",
        image="" if isinstance(image, Unseen) else image["ImageId"],
        zones=sorted(there(seen, "offers") or []),
        summary=[f"{caller} in {wanted.region}: nothing is missing", *findings.notes],
        **result,
    )


if __name__ == "__main__":
    main()
