"""One real MySQL-compatible server per member, reached out of band over a unix socket."""

from bicoastal.lab.databases.command import MAX_CONNECTIONS, Durability
from bicoastal.lab.databases.connection import connect, replication_password
from bicoastal.lab.databases.database import Database
from bicoastal.lab.databases.replication import ADMIN_USER, REPLICATION_USER, Promotion
from bicoastal.lab.databases.server import ServerBinary, find_server
from bicoastal.lab.databases.template import Template

__all__ = [
    "ADMIN_USER",
    "MAX_CONNECTIONS",
    "REPLICATION_USER",
    "Database",
    "Durability",
    "Promotion",
    "ServerBinary",
    "Template",
    "connect",
    "find_server",
    "replication_password",
]
