"""What EC2 says of a parameter that it does not take."""

from moto.ec2.exceptions import EC2ClientError


def invalid(message: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterValue", message)
