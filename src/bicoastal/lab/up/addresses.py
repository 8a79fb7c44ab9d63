"""Where everything of a running lab is, and how to get there."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bicoastal.lab.drill.environment import CLIENTS, MASTER_USER
from bicoastal.lab.drill.running import RunningLab

_OPTION_FILE = """[client]
user={user}
password={password}
port={port}
# The members speak without TLS here; a client that does not know the option only warns.
loose-skip-ssl
[mysql]
database={database}
"""


@dataclass(frozen=True)
class Addresses:
    """The addresses, all on loopback.

    Attributes:
        page: The live page; what follows `#` lets its buttons work, and is for nobody else.
        domain: The database's DNS name.
        resolver: The DNS server, `HOST:PORT`, UDP and TCP.
        members: Region to the address at which clients reach its member.
        port: The members' port.
        option_file: For `mysql` and `mariadb`: user, password and database; mode 0600.
        variables: Environment of AWS clients and of `bicoastal`'s own commands; the key is the
            same in every lab.
    """

    page: str
    domain: str
    resolver: str
    members: dict[str, str]
    port: int
    option_file: str
    variables: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """The addresses as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Addresses:
        """Read what `to_dict` gave; anything else in it is left out.

        Args:
            values: JSON values.
        """
        return cls(**{name: values[name] for name in cls.__dataclass_fields__})

    @property
    def recipes(self) -> dict[str, str]:
        """What to type in a terminal, by what for."""
        host, _, port = self.resolver.partition(":")
        set_variables = " ".join(f"{name}={value}" for name, value in self.variables.items())
        dig = f"dig +short @{host} -p {port} {self.domain}"
        client = f"mariadb --defaults-extra-file={self.option_file}"
        return {
            "what DNS answers": dig,
            "the writer, by its name": f'{client} --host="$({dig} | tail -1)"',
            **{
                f"the member in {region}": f"{client} --host={address}"
                for region, address in self.members.items()
            },
            "environment of AWS clients": f"export {set_variables}",
            "bicoastal's commands, in it": f"bicoastal status --resolver {self.resolver}",
            "the end": "bicoastal lab down",
        }


def addresses_of(running: RunningLab, page: str) -> Addresses:
    """Collect the addresses, and write the option file.

    Args:
        running: The lab, started.
        page: The live page's address.
    """
    lab, settings = running.lab, running.settings
    host, port = lab.route53.address
    database = settings.database
    file = _write(
        lab.workspace.path / "client.cnf",
        _OPTION_FILE.format(
            user=MASTER_USER,
            password=lab.password,
            port=database.port,
            database=database.database_name,
        ),
    )
    return Addresses(
        page=page,
        domain=settings.domain_name,
        resolver=f"{host}:{port}",
        members={m: lab.plan.address(CLIENTS, m) for m in settings.regions.members},
        port=database.port,
        option_file=str(file),
        variables=lab.aws.variables,
    )


def _write(file: Path, text: str) -> Path:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)
    return file
