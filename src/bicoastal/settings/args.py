"""The public arguments of `TapStack`."""

from __future__ import annotations

from collections.abc import Mapping

from bicoastal.settings.loading import load
from bicoastal.settings.models import Settings


class TapStackArgs:
    """The arguments of `TapStack`, validated when they are made.

    Args:
        environment_suffix: ends every name; `None` or empty means `dev` (or what `settings` says).
        tags: tags of every resource, besides the project's own.
        secret_arn: an existing Secrets Manager secret in the home region, replicated to the standby
            region, that holds `username` and `password`.
        hosted_zone_id: an existing hosted zone; `None` makes a private one.
        domain_name: the name by which clients find the writer; `None` means
            `db-<suffix>.example.com`.
        settings: everything else; the arguments above override it.

    Raises:
        InvalidSettingsError: something is wrong; the error lists everything that is.
    """

    def __init__(  # noqa: PLR0917  (the arguments and their order are the public contract)
        self,
        environment_suffix: str | None = None,
        tags: Mapping[str, str] | None = None,
        secret_arn: str | None = None,
        hosted_zone_id: str | None = None,
        domain_name: str | None = None,
        settings: Settings | None = None,
    ) -> None:
        base = {} if settings is None else settings.model_dump(by_alias=True, exclude_unset=True)
        given = {
            "environmentSuffix": environment_suffix or None,
            "tags": tags,
            "secretArn": secret_arn,
            "hostedZoneId": hosted_zone_id,
            "domainName": domain_name,
        }
        self._settings = load({**base, **{k: v for k, v in given.items() if v is not None}})

    @property
    def settings(self) -> Settings:
        """All settings, validated."""
        return self._settings

    @property
    def environment_suffix(self) -> str:
        """The suffix that ends every name."""
        return self._settings.environment_suffix

    @property
    def tags(self) -> dict[str, str]:
        """The user's own tags; `settings.all_tags()` adds the project's."""
        return dict(self._settings.tags)

    @property
    def secret_arn(self) -> str | None:
        """The secret that holds the master user's name and password."""
        return self._settings.secret_arn

    @property
    def hosted_zone_id(self) -> str | None:
        """The existing hosted zone, or `None` for a private zone of the stack's own."""
        return self._settings.hosted_zone_id

    @property
    def domain_name(self) -> str:
        """The name by which clients find the writer."""
        return self._settings.domain_name
