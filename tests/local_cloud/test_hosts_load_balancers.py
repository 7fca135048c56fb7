"""A load balancer in front of real hosts: found by its name, let in by its group, and gone without trace."""

import http.client
import json
from pathlib import Path
from typing import Any

from tests.local_cloud.host_clouds import Cloud, network_with_images, remains_of, traces, until
from tests.local_cloud.test_hosts import kill

SERVE = "nohup python3 -m http.server 8080 --directory /etc >/dev/null 2>&1 &"
FETCH = "python3 -c 'import urllib.request; print(urllib.request.urlopen(\"http://{}/hostname\").read().decode())'"


def test_a_load_balancer_of_hosts(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path / "state")
    with network_with_images():
        clean = traces()
        cloud.start()
        try:
            balance(cloud)
        finally:
            # As it goes when nobody has the time to clean up.
            kill(json.loads((cloud.state_dir / "process.json").read_text())["process"]["pid"])
            cloud.run("stop")
        assert traces() == clean
    assert remains_of(cloud.state_dir) == []


def balance(cloud: Cloud) -> None:
    ec2, elb = cloud.client("ec2"), cloud.client("elbv2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    front = ec2.create_security_group(GroupName="front", Description="front", VpcId=vpc)["GroupId"]
    back = ec2.create_security_group(GroupName="back", Description="back", VpcId=vpc)["GroupId"]
    allow(ec2, front, 80, IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    allow(ec2, back, 22, IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    allow(ec2, back, 8080, UserIdGroupPairs=[{"GroupId": front}])
    hosts = cloud.launch(2, SecurityGroupIds=[back])
    for host in hosts:
        cloud.ssh(host["PrivateIpAddress"], SERVE)
    zone = hosts[0]["Placement"]["AvailabilityZone"]
    subnets = ec2.describe_subnets()["Subnets"]
    mine = next(each["SubnetId"] for each in subnets if each["AvailabilityZone"] == zone)
    other = next(each["SubnetId"] for each in subnets if each["AvailabilityZone"] != zone)
    [balancer] = elb.create_load_balancer(Name="front", Subnets=[mine, other], SecurityGroups=[front])[
        "LoadBalancers"
    ]
    [group] = elb.create_target_group(
        Name="web",
        Protocol="HTTP",
        Port=8080,
        VpcId=vpc,
        HealthCheckPath="/hostname",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=2,
        HealthyThresholdCount=2,
    )["TargetGroups"]
    arn = group["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": host["InstanceId"]} for host in hosts])
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
    )
    until(lambda: states(elb, arn) == {"healthy"})

    [told] = cloud.status()["load_balancers"]
    assert (told["dns_name"], told["listeners"], told["problem"]) == (balancer["DNSName"], "HTTP:80", "")
    public = [each for each in told["addresses"].split() if each.startswith("198.18.")]
    names = {get(address) for address in public for _ in range(4)}
    assert len(names) == 2
    # By its name, as hosts find it.
    assert cloud.ssh(hosts[0]["PrivateIpAddress"], FETCH.format(balancer["DNSName"])).strip() in names


def states(elb: Any, arn: str) -> set[str]:
    described = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return {each["TargetHealth"]["State"] for each in described}


def get(address: str) -> str:
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("GET", "/hostname")
    answer = connection.getresponse()
    assert answer.status == 200
    found = answer.read().decode().strip()
    connection.close()
    return found


def allow(ec2: Any, group: str, port: int, **peers: Any) -> None:
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peers}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
