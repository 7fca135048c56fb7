"""RPM specs for what the host image is made of: text in, text out.

Two kinds of packages: payload-free ones that tell dnf what the image already
has, under Amazon's names, and whole ones made of the distribution's packages,
for dnf to install.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

RELEASE = "1.amzn2023"
OF_AMAZON_LINUX = "2023.9.20251110"
"""The release that hosts are locked to, by the version of the package system-release."""

AMAZON_NAMES: Mapping[str, str] = {
    "acl": "acl",
    "bash": "bash",
    "ca-certificates": "ca-certificates",
    "coreutils": "coreutils",
    "curl-minimal": "curl",
    "diffutils": "diffutils",
    "dnf": "dnf",
    "findutils": "findutils",
    "gawk": "mawk",
    "glibc": "libc6",
    "grep": "grep",
    "gzip": "gzip",
    "hostname": "hostname",
    "iproute": "iproute2",
    "libacl": "libacl1",
    "openssh-clients": "openssh-client",
    "openssh-server": "openssh-server",
    "openssl": "openssl",
    "openssl-libs": "libssl3",
    "procps-ng": "procps",
    "python3": "python3",
    "python3-dnf": "python3-dnf",
    "python3-pyyaml": "python3-yaml",
    "python3-rpm": "python3-rpm",
    "rpm": "rpm",
    "sed": "sed",
    "shadow-utils": "passwd",
    "sudo": "sudo",
    "systemd": "systemd",
    "tar": "tar",
    "unzip": "unzip",
    "util-linux": "util-linux",
}
"""What is in the image: the package's name on Amazon Linux, and the distribution's."""

ALSO_PROVIDED: Mapping[str, str] = {
    "bash": "/bin/sh /bin/bash /usr/bin/sh /usr/bin/bash",
    "curl-minimal": "curl",
    "python3": "/usr/bin/python3 python(abi)",
    "shadow-utils": "/usr/sbin/useradd /usr/sbin/groupadd",
    "systemd": "initscripts-service",
}


@dataclass(frozen=True, kw_only=True)
class Package:
    """One of the distribution's packages, by the fields of its control file."""

    name: str
    version: str
    depends: str
    description: str
    provides: str = ""

    @property
    def rpm_version(self) -> str:
        """The upstream version, as RPM accepts it: no epoch, no revision, no dashes."""
        upstream = self.version.split(":", 1)[-1].rsplit("-", 1)[0]
        return re.sub(r"[^0-9A-Za-z.+~]", ".", re.sub(r"[+~](dfsg|really|ds).*", "", upstream))

    @property
    def summary(self) -> str:
        return self.description.splitlines()[0]

    def requires(self, available: Mapping[str, str]) -> list[str]:
        """Those of its dependencies that are `available`, a package by each name; the image has the rest."""
        return sorted({available[name] for name in _names(self.depends) if name in available})

    @property
    def names(self) -> list[str]:
        """Its own, and those that it stands for."""
        return [self.name, *_names(self.provides)]


def _names(relation: str) -> list[str]:
    """The first of the alternatives in each part of a field such as Depends, without versions."""
    return [re.split(r"[\s(:|]", part.strip(), maxsplit=1)[0] for part in relation.split(",") if part.strip()]


def parse_control(text: str) -> Package:
    """A package from `dpkg-deb --field`'s output."""
    fields = dict(re.findall(r"^([A-Za-z-]+): (.*(?:\n .*)*)", text, re.MULTILINE))
    return Package(
        name=fields["Package"],
        version=fields["Version"],
        depends=", ".join(fields[key] for key in ("Pre-Depends", "Depends") if key in fields),
        description=fields["Description"],
        provides=fields.get("Provides", ""),
    )


def installed_spec(versions: Mapping[str, str]) -> str:
    """Payload-free packages, so that dnf knows what is there.

    `versions`: the distribution's names and the RPM versions to claim.
    """
    lines = [
        *_header("system-release", OF_AMAZON_LINUX, "Amazon Linux release files (a likeness)"),
        # dnf's $releasever.
        f"Provides: system-release(releasever) = {OF_AMAZON_LINUX}",
        *_body(),
        "%files",
    ]
    for amazon, distribution in AMAZON_NAMES.items():
        if distribution not in versions:
            continue
        lines += [f"%package -n {amazon}", f"Version: {versions[distribution]}"]
        lines += [f"Summary: {amazon} of the image", "AutoReqProv: no"]
        if also := ALSO_PROVIDED.get(amazon):
            lines.append(f"Provides: {also}")
        lines += [f"%description -n {amazon}", "Part of the host image.", f"%files -n {amazon}"]
    return "\n".join(lines) + "\n"


def repository_spec(packages: Iterable[Package], owned: Mapping[str, Collection[str]]) -> str:
    """One RPM for each package, from `%{_unpacked}/NAME`; `owned`: package to lines of its %files."""
    packages = list(packages)
    names = {package.name for package in packages}
    available = {name: package.name for package in packages for name in package.names}
    lines = [*_header("local-cloud-repository", "2023", "Carries the packages below"), *_body(), "%install"]
    # Hard links: the files are there already.
    lines += [f"cp -al %{{_unpacked}}/{name}/. %{{buildroot}}/" for name in sorted(names)]
    for package in packages:
        lines += [
            f"%package -n {package.name}",
            f"Version: {package.rpm_version}",
            f"Summary: {package.summary.replace('%', '%%')}",
            "AutoReqProv: no",
            *(f"Requires: {name}" for name in package.requires(available) if name != package.name),
            *([f"Provides: {also}"] if (also := REPOSITORY_PROVIDES.get(package.name)) else []),
            f"%description -n {package.name}",
            "From the distribution's package of that name.",
            f"%files -n {package.name}",
            *owned[package.name],
        ]
    # On Amazon Linux it brings a second repository, with certbot among others.
    lines += ["%package -n spal-release", "Summary: Supplementary packages (a likeness)", "AutoReqProv: no"]
    lines += ["%description -n spal-release", "What it brings is here already.", "%files -n spal-release"]
    return "\n".join(lines) + "\n"


REPOSITORY_PROVIDES: Mapping[str, str] = {"git": "git-all git-core", "ruby": "ruby3.2 rubygems"}


def owned_files(unpacked: Path, root: Path) -> list[str]:
    """The %files lines of a package: its files, and those directories that the image does not have."""
    lines = []
    for path in sorted(unpacked.rglob("*")):
        name = path.relative_to(unpacked)
        if path.is_symlink() or not path.is_dir():
            lines.append(f'"/{name}"')
        elif not (root / name).is_dir():
            lines.append(f'%dir "/{name}"')
    return lines


def _header(name: str, version: str, summary: str) -> list[str]:
    return [
        f"Name: {name}",
        f"Version: {version}",
        f"Release: {RELEASE}",
        f"Summary: {summary}",
        "License: see the distribution",
        "AutoReqProv: no",
    ]


def _body() -> list[str]:
    return ["%description", "Made for the hosts of the local cloud."]
