# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Says what is missing, from what was seen: pure. Each sentence names the setting, its value and the way out.

A check is a function of what is wanted and what was seen that yields problems; Note(...) for what is only
good to know. What could not be looked at is a note: the run itself will say whether it is needed.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ...aws.connection import CONSOLES, account_in
from .keys import KeyFileError, public_key
from .wanted import PREFIX, STANDARD_FAMILIES, Findings, Seen, Unseen, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

# What each reader looks at, for the note that it could not.
LOOKED_AT = {
    "address_quota": "the quota of Elastic IPs",
    "addresses": "the Elastic IPs",
    "agent": "the agent's package",
    "application": "the CodeDeploy application",
    "application_tags": "the tags of the CodeDeploy application",
    "boundary": "the permissions boundary",
    "bucket": "the bucket of revisions",
    "connection_bucket": "the bucket that Ansible's modules travel through",
    "delegation": "who the domain is delegated to",
    "environment": "the environment of the repository",
    "deployment_config": "the deployment configuration",
    "github_links": "CodeDeploy's links to GitHub",
    "image": "the image",
    "instance_profile": "the instance profile",
    "instance_quota": "the quota of vCPUs",
    "instance_type": "the instance type",
    "instances": "the instances",
    "key_pair": "the key pair",
    "offers": "where the instance type is offered",
    "region": "the region",
    "repository": "what the token may do in the repository",
    "roles": "the roles",
    "security_group": "the security group",
    "subnet": "the subnet",
    "zone": "the hosted zone",
}
QUOTAS = ("address_quota", "instance_quota")
MOST_NAMED = 3
SERVER = "Server"  # CodeDeploy's compute platform of hosts
TO_BE_MADE = (404, 409)  # GitHub's answers where there is no repository, or no commit in it


class Note(str):
    """Good to know, and no reason to stop."""

    __slots__ = ()


def judge(wanted: Wanted, seen: Seen) -> Findings:
    """All findings at once."""
    findings = Findings()
    if isinstance(seen["identity"], Unseen):
        findings.problems.append(f"AWS does not say whose credentials these are: {seen['identity'].reason}")
    for check in CHECKS:
        for said in check(wanted, seen):
            (findings.notes if isinstance(said, Note) else findings.problems).append(said)
    for name, what in LOOKED_AT.items():
        if isinstance(seen.get(name), Unseen):
            findings.notes.append(f"{what} could not be looked at: {seen[name].reason}")
    unknown = [LOOKED_AT[name] for name in QUOTAS if name in seen and seen[name] is None]
    if unknown:
        findings.notes.append(
            f"{' and '.join(unknown)} could not be learnt: Service Quotas does not know it here."
        )
    return findings


def there(seen: Seen, name: str) -> Any:  # noqa: ANN401 - the shape depends on the reader
    """What was seen, or None."""
    found = seen.get(name)
    return None if isinstance(found, Unseen) else found


def missing(seen: Seen, name: str) -> bool:
    """It was looked for, and is not there."""
    return name in seen and seen[name] is None


def unknown_region(name: str, known: Iterable[str]) -> str:
    """What there is to say of a region that botocore does not know; "" where it knows it."""
    names = list(known)
    if name in names:
        return ""
    near = difflib.get_close_matches(name, names, n=MOST_NAMED)
    return (
        f"pipeline_region is '{name}', which botocore does not know: name one of its regions, such as "
        f"{', '.join(near or names[:1])}; where it is a new one of AWS, update botocore."
    )


def region(wanted: Wanted, seen: Seen) -> Iterator[str]:
    if missing(seen, "region"):
        yield (
            f"pipeline_region is '{wanted.region}': AWS has no such region in this partition. "
            "Name one of those that aws ec2 describe-regions --all-regions lists."
        )
    elif there(seen, "region") and seen["region"].get("OptInStatus") == "not-opted-in":
        yield (
            f"pipeline_region is '{wanted.region}', which is not enabled in this account: enable it with "
            f"aws account enable-region --region-name {wanted.region} and wait, or name another."
        )


def zone(wanted: Wanted, seen: Seen) -> Iterator[str]:
    if missing(seen, "zone"):
        account = account_in(seen["identity"]["Arn"]).id
        yield (
            f"Zone {wanted.domain_zone.rstrip('.')}. does not exist in Route53 ({wanted.domain_zone}, "
            f"pipeline_domain_zone): the account {account} needs the public hosted zone; register the domain "
            "or create "
            "the zone in Route 53, or name another."
        )
        return
    held, delegated = there(seen, "zone"), there(seen, "delegation")
    if held and held.get("private"):
        yield (
            f"pipeline_domain_zone is '{wanted.domain_zone}', in Route 53 a private zone, which no "
            "visitor's resolver "
            "asks: create the public hosted zone of this name, or name another."
        )
        return
    servers = sorted(server.lower() for server in (held or {}).get("NameServers", []))
    if servers and delegated is not None and not set(servers) & set(delegated):
        others = ", ".join(delegated) or "nobody"
        yield Note(
            f"{wanted.domain_zone} (pipeline_domain_zone) is delegated to {others}: visitors find the record "
            "only when "
            f"the registrar names {', '.join(servers)}."
        )


def record(wanted: Wanted, seen: Seen) -> Iterator[str]:
    held = {each["Type"]: each for each in (there(seen, "zone") or {}).get("records", [])}
    if "CNAME" in held:
        yield (
            f"{wanted.domain_record} (pipeline_domain_record) is a CNAME record, beside which no A record "
            "can be: "
            "delete it, or name another record."
        )
    if "A" in held and there(seen, "addresses") is not None and not _ours(wanted, seen["addresses"]):
        values = [each["Value"] for each in held["A"].get("ResourceRecords", [])] or ["an AWS resource"]
        yield (
            f"{wanted.domain_record} (pipeline_domain_record) points to {', '.join(values)}, and nothing of "
            "this pipeline "
            "is there yet: delete the record where nobody needs it, or name another."
        )


def commit(wanted: Wanted, seen: Seen) -> Iterator[str]:
    answer = seen["commit"]
    if isinstance(answer, Unseen):
        said, way_out = f"does not answer: {answer.reason}", "check the network and the address"
    elif answer["sha"]:
        return
    elif wanted.github_create_repository and answer["status"] in TO_BE_MADE:
        if not wanted.github_token:
            yield (
                f"{wanted.github_repository} is to be created (pipeline_github_create_repository), and there "
                "is no token: put one that may do so into GITHUB_TOKEN."
            )
        return
    else:
        said = f"answered {answer['status']}"
        way_out = (
            "create the repository and push the content of site/ to it, or let "
            "pipeline_github_create_repository do so; where it is private, put a token that may read it into "
            "GITHUB_TOKEN"
        )
    yield (
        f"{wanted.github_api_url} (pipeline_github_api_url) {said} for commit {wanted.commit or 'HEAD'} of "
        f"{wanted.github_repository} (pipeline_github_repository, pipeline_commit): {way_out}."
    )


def environment(wanted: Wanted, seen: Seen) -> Iterator[str]:
    application = there(seen, "environment")
    if application not in {None, wanted.application}:
        yield (
            f"pipeline_github_environment is '{wanted.github_environment}', an environment of "
            f"{wanted.github_repository} that deploys to {application}, not to {wanted.application} "
            "(pipeline_application): name another environment, or delete its variable "
            "CODEDEPLOY_APPLICATION_NAME where nobody needs it."
        )


def github_link(wanted: Wanted, seen: Seen) -> Iterator[str]:
    if wanted.revision_source != "github":
        return
    link, named = there(seen, "application"), wanted.github_token_name
    account_links = there(seen, "github_links")
    if named and account_links is not None and named not in account_links:
        known = f"it has {', '.join(account_links)}" if account_links else "it has none"
        yield (
            f"CodeDeploy has no link to GitHub that is called {named} (pipeline_github_token_name); {known}. "
            f"Make it in the console: {_how_to_link(wanted, seen)}."
        )
    if link is None:
        if missing(seen, "application"):
            yield Note(
                f"the new application will have to be linked to GitHub once: {_how_to_link(wanted, seen)}."
            )
    elif not link.get("linkedToGitHub"):
        yield (
            f"CodeDeploy's application {wanted.application} (pipeline_application) is not linked to GitHub, "
            "which no API "
            f"can do: {_how_to_link(wanted, seen)}."
        )
    elif named and link.get("gitHubAccountName") not in {None, "", named}:
        yield (
            f"CodeDeploy's application {wanted.application} is linked to GitHub as "
            f"{link['gitHubAccountName']}, not as "
            f"{named} (pipeline_github_token_name)."
        )


def _how_to_link(wanted: Wanted, seen: Seen) -> str:
    console = CONSOLES.get(account_in(seen["identity"]["Arn"]).partition, CONSOLES["aws"])
    return (
        "open "
        f"https://{wanted.region}.{console}/codesuite/codedeploy/applications/{quote(wanted.application)}, "
        'choose "Create deployment", revision type "My application is stored in GitHub", connect, and leave '
        "the form; or let revisions go through S3 (pipeline_revision_source)"
    )


def token(wanted: Wanted, seen: Seen) -> Iterator[str]:
    found = there(seen, "repository")
    if not found:
        return
    says = f"The token in GITHUB_TOKEN cannot write the settings of {wanted.github_repository}"
    if found.get("archived"):
        yield (
            f"{wanted.github_repository} (pipeline_github_repository) is archived: unarchive it, or name "
            "another."
        )
    elif found["scopes"] is not None and "repo" not in found["scopes"]:
        scopes = ", ".join(filter(None, found["scopes"])) or "none"
        yield f"{says}: its scopes are {scopes}. It needs the scope repo."
    elif found.get("permissions") and not found["permissions"].get("push"):
        yield (
            f"{says}: it may only read there. Take one with the permissions that docs/secrets.md names, "
            "or none, and fill "
            "the settings in by hand."
        )


def deployment_config(wanted: Wanted, seen: Seen) -> Iterator[str]:
    found, says = (
        there(seen, "deployment_config"),
        f"pipeline_deployment_config is '{wanted.deployment_config}'",
    )
    if missing(seen, "deployment_config"):
        yield (
            f"{says}: CodeDeploy has no such deployment configuration in {wanted.region}. Name one of "
            "those that "
            "aws deploy list-deployment-configs lists, such as CodeDeployDefault.OneAtATime, or create "
            "it with "
            "codedeploy_deployment_config."
        )
    elif found and found.get("computePlatform", SERVER) != SERVER:
        yield f"{says}, a deployment configuration of {found['computePlatform']}: name one of Server."


def application(wanted: Wanted, seen: Seen) -> Iterator[str]:
    found = there(seen, "application")
    if found and found.get("computePlatform", SERVER) != SERVER:
        yield (
            f"pipeline_application is '{wanted.application}', an application of "
            f"{found['computePlatform']}, which stays "
            "one: name another."
        )


def key_file(wanted: Wanted, seen: Seen) -> Iterator[str]:
    path, content = wanted.ssh_public_key_file, seen["key_file"]
    advice = "make a key pair with ssh-keygen -t ed25519, or name the public half of yours"
    if isinstance(content, Unseen):
        yield f"{path} is not a file that can be read (pipeline_ssh_public_key_file): {advice}."
    elif "PRIVATE KEY" in content:
        yield (
            f"{path} is the private half of a key (pipeline_ssh_public_key_file): name the public half, "
            f"{path}.pub."
        )
    else:
        try:
            public_key(content)
        except KeyFileError as error:
            yield f"{path} {error} (pipeline_ssh_public_key_file): {advice}."


def key_pair(wanted: Wanted, seen: Seen) -> Iterator[str]:
    """A key pair is never changed: EC2 has no call for it, and instances keep the key of their launch."""
    held = (there(seen, "key_pair") or {}).get("PublicKey", "").split()[:2]
    content = there(seen, "key_file") or ""
    try:
        public_key(content)
    except KeyFileError:
        return  # key_file says it
    if held and held != content.split()[:2]:
        yield (
            f"pipeline_ssh_key_name is '{wanted.ssh_key_name}', a key pair that holds another key than "
            f"{wanted.ssh_public_key_file} (pipeline_ssh_public_key_file): give the key pair another name. "
            "Instances that are there keep their key, but for pipeline_instance_replace."
        )


def agent(wanted: Wanted, seen: Seen) -> Iterator[str]:
    if seen["agent"] == "":
        yield (
            f"The CodeDeploy agent is not to be had in {wanted.region} (pipeline_region): the bucket "
            f"aws-codedeploy-{wanted.region} has no latest/install. Name a region that CodeDeploy is offered "
            "in."
        )


def buckets(wanted: Wanted, seen: Seen) -> Iterator[str]:
    """CodeDeploy's agent and the session's plugin ask for a bucket in the hosts' own region."""
    for reader, setting, name, otherwise in (
        ("bucket", "revision_bucket", wanted.revision_bucket, ", or none for one of the pipeline's own"),
        ("connection_bucket", "connection_bucket", wanted.connection_bucket, ""),
    ):
        says = f"{PREFIX}{setting} is '{name}'"
        if missing(seen, reader):
            yield f"{says}: there is no such bucket. Name one that is there{otherwise}."
        elif (there(seen, reader) or {}).get("region", "") not in {"", wanted.region}:
            yield (
                f"{says}, a bucket in {seen[reader]['region']}: name one in {wanted.region} "
                f"(pipeline_region){otherwise}."
            )


def image(wanted: Wanted, seen: Seen) -> Iterator[str]:
    kind, found = there(seen, "instance_type"), there(seen, "image")
    if missing(seen, "instance_type"):
        yield (
            f"pipeline_instance_type is '{wanted.instance_type}': {wanted.region} has no such type. Name one "
            "of those that "
            "aws ec2 describe-instance-type-offerings lists."
        )
    if missing(seen, "image"):
        if wanted.instance_image:
            yield (
                f"pipeline_instance_image is '{wanted.instance_image}': {wanted.region} has no such image, "
                "or it is not "
                "shared with this account. Name another, or none for the newest Amazon Linux 2023."
            )
        else:
            yield (
                f"{wanted.image_parameter} cannot be read in {wanted.region}: name an image in "
                "pipeline_instance_image."
            )
    if kind and found:
        runs = kind["ProcessorInfo"]["SupportedArchitectures"]
        if found["Architecture"] not in runs:
            yield (
                f"pipeline_instance_type is '{wanted.instance_type}', which runs {' and '.join(runs)}, and "
                "the image "
                f"{found['ImageId']} (pipeline_instance_image) is for {found['Architecture']}: change one of "
                "them."
            )
    if found:
        yield from _of_image(wanted, found)


def _of_image(wanted: Wanted, found: Mapping[str, Any]) -> Iterator[str]:
    """Whether instances can be launched of an image that is there."""
    says = f"The image {found['ImageId']} (pipeline_instance_image)"
    if found.get("State", "available") != "available":
        yield f"{says} is {found['State']}: wait until it is available, or name another."
    if found.get("Platform") == "windows":
        yield f"{says} is of Windows, and the hosts' roles are of Linux: name another."
    if found.get("RootDeviceType", "ebs") != "ebs":
        yield f"{says} has no root volume in EBS, which cannot be encrypted: name another."
        return
    device = found.get("RootDeviceName", wanted.instance_root_device)
    if device != wanted.instance_root_device:
        yield (
            f"pipeline_instance_root_device is '{wanted.instance_root_device}', and the root device of "
            f"{found['ImageId']} is "
            f"{device}: set pipeline_instance_root_device to that."
        )
    least = max(
        (
            each["Ebs"].get("VolumeSize", 0)
            for each in found.get("BlockDeviceMappings", [])
            if each.get("DeviceName") == device and "Ebs" in each
        ),
        default=0,
    )
    if wanted.instance_volume_size < least:
        yield (
            f"pipeline_instance_volume_size is '{wanted.instance_volume_size}', and the root volume of "
            f"{found['ImageId']} has "
            f"{least} GiB: set it to {least} or more."
        )


def quotas(wanted: Wanted, seen: Seen) -> Iterator[str]:
    addresses, most = there(seen, "addresses"), there(seen, "address_quota")
    if addresses is not None and most is not None:
        staying = {each["InstanceId"] for each in _staying(wanted, seen)}
        free = [
            each
            for each in _ours(wanted, addresses)
            if not each.get("InstanceId") or each["InstanceId"] in staying
        ]
        new = max(0, wanted.instance_count - len(free))
        if new and len(addresses) + new > most:
            yield (
                f"pipeline_instance_count is '{wanted.instance_count}': {new} more Elastic IPs beside the "
                f"{len(addresses)} "
                f"of this account are more than its quota of {most:.0f} in {wanted.region}. Release some, or "
                "ask for "
                "more: quota L-0263D0A3 of service ec2 in Service Quotas."
            )
    instances, kind, most = (
        there(seen, "instances"),
        there(seen, "instance_type"),
        there(seen, "instance_quota"),
    )
    if instances is not None and kind and most is not None:
        new = max(0, wanted.instance_count - len(_staying(wanted, seen))) * kind["VCpuInfo"]["DefaultVCpus"]
        used = sum(_cpus(each) for each in instances if each["InstanceType"][0] in STANDARD_FAMILIES)
        if new and used + new > most:
            yield (
                f"pipeline_instance_count is '{wanted.instance_count}' and pipeline_instance_type is "
                f"'{wanted.instance_type}': {new} more vCPUs beside the {used} in use are more than the "
                "quota of "
                f"{most:.0f} in {wanted.region}. Take fewer or smaller instances, or ask for more: quota "
                "L-1216C47A of "
                "service ec2 in Service Quotas."
            )


def _staying(wanted: Wanted, seen: Seen) -> list[Mapping[str, Any]]:
    """Instances that the settings keep: others end when new ones, with addresses of their own, serve."""
    image = there(seen, "image") if wanted.instance_replace else None
    return [
        each
        for each in _ours(wanted, there(seen, "instances") or [])
        if each["InstanceType"] == wanted.instance_type
        and (not wanted.vpc_subnet_id or each.get("SubnetId", wanted.vpc_subnet_id) == wanted.vpc_subnet_id)
        and (not image or each.get("ImageId", image["ImageId"]) == image["ImageId"])
    ]


def _cpus(instance: Mapping[str, Any]) -> int:
    options = instance.get("CpuOptions", {})
    running = instance["State"]["Name"] in {"pending", "running"}
    return int(options.get("CoreCount", 0)) * int(options.get("ThreadsPerCore", 1)) if running else 0


def names(wanted: Wanted, seen: Seen) -> Iterator[str]:
    """Each name is free, or what has it is ours."""
    held: list[tuple[str, str, str, Any]] = [
        ("security group", wanted.security_group, "security_group", there(seen, "security_group")),
        ("key pair", wanted.ssh_key_name, "ssh_key_name", there(seen, "key_pair")),
        ("instance profile", wanted.instance_profile, "iam_ec2_role", there(seen, "instance_profile")),
    ]
    roles = there(seen, "roles") or {}
    held += [("role", wanted.roles[setting], setting, role) for setting, role in roles.items()]
    if there(seen, "application") and there(seen, "application_tags") is not None:
        tags = {"Tags": seen["application_tags"]}
        held.append(("CodeDeploy application", wanted.application, "application", tags))
    tags_needed = " and ".join(f"{key}={value}" for key, value in wanted.owned_tags.items())
    for kind, name, setting, thing in held:
        if thing is not None and not _ours(wanted, [thing]):
            yield (
                f"The {kind} {name} ({PREFIX}{setting}) is there and not this pipeline's, for it has not the "
                "tags "
                f"{tags_needed}: choose another name, or give it these tags where the pipeline is to take it "
                "over."
            )


def network(wanted: Wanted, seen: Seen) -> Iterator[str]:
    found = there(seen, "subnet")
    if missing(seen, "subnet"):
        if wanted.vpc_subnet_id:
            yield (
                f"pipeline_vpc_subnet_id is '{wanted.vpc_subnet_id}': {wanted.region} has no such subnet. "
                "Name another."
            )
        else:
            yield (
                f"The account has no default VPC in {wanted.region}: name a VPC and a public subnet of it in "
                "pipeline_vpc_id "
                "and pipeline_vpc_subnet_id, or make one with aws ec2 create-default-vpc."
            )
    elif found and wanted.vpc_id and found["VpcId"] != wanted.vpc_id:
        yield (
            f"pipeline_vpc_subnet_id is '{wanted.vpc_subnet_id}', a subnet of {found['VpcId']}, and "
            "pipeline_vpc_id is "
            f"'{wanted.vpc_id}': name a subnet of that VPC."
        )
    if found:
        yield from _of_subnet(wanted, seen, found)


def _of_subnet(wanted: Wanted, seen: Seen, found: Mapping[str, Any]) -> Iterator[str]:
    """Whether instances can be launched in a subnet that is there."""
    offers, zone_name = there(seen, "offers"), found.get("AvailabilityZone", "")
    if offers and there(seen, "instance_type") and zone_name not in offers:
        yield (
            f"pipeline_instance_type is '{wanted.instance_type}', which {zone_name} does not offer, "
            "where the subnet "
            f"{found['SubnetId']} (pipeline_vpc_subnet_id) is: name a subnet in "
            f"{', '.join(sorted(offers))}, or another "
            "type."
        )
    new = max(0, wanted.instance_count - len(_ours(wanted, there(seen, "instances") or [])))
    free = found.get("AvailableIpAddressCount", new)
    if free < new:
        yield (
            f"pipeline_instance_count is '{wanted.instance_count}': the subnet {found['SubnetId']} "
            "(pipeline_vpc_subnet_id) "
            f"has {free} free addresses for {new} more instances. Name a larger subnet, or take fewer."
        )


def boundary(wanted: Wanted, seen: Seen) -> Iterator[str]:
    arn = wanted.iam_permissions_boundary
    if not arn or "roles" not in seen:
        return
    _, partition, _, _, owner, *_ = arn.split(":", 5)
    ours = account_in(seen["identity"]["Arn"])
    says = f"pipeline_iam_permissions_boundary is '{arn}'"
    if partition != ours.partition:
        yield f"{says}, an ARN of the partition {partition}: this account is in {ours.partition}."
    elif owner not in {ours.id, "aws"}:
        yield (
            f"{says}, a policy of the account {owner}: a boundary has to be of this account, {ours.id}, or "
            "of AWS."
        )
    elif missing(seen, "boundary"):
        yield f"{says}: there is no such policy. Create it, or name another, or none."


CHECKS: tuple[Callable[[Wanted, Seen], Iterator[str]], ...] = (
    *(region, zone, record, commit, token, environment, github_link, key_file, key_pair, agent, buckets),
    *(deployment_config, application, image, quotas, names, network, boundary),
)


def _tags(thing: Mapping[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in thing.get("Tags") or []}


def _ours(wanted: Wanted, things: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [each for each in things if wanted.owned_tags.items() <= _tags(each).items()]
