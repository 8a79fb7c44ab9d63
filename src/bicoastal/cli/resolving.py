"""`--resolver`: a DNS server of one's own choice, such as the lab's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bicoastal.operate.errors import BadRequest

TIMEOUT_S = 2.0


def resolver_at(text: str) -> tuple[Callable[[str], Sequence[str]], str]:
    """Read what `--resolver` gave.

    Args:
        text: `HOST:PORT`; the port is 53 without one.

    Returns:
        What asks that server for a name, and its name for people.

    Raises:
        BadRequest: not an address, or the package that asks is not installed.
    """
    host, _, port = text.partition(":")
    if not host or not (port or "53").isdigit():
        raise BadRequest(f"--resolver must be HOST or HOST:PORT, not {text!r}")
    try:
        import dns.exception
        import dns.message
        import dns.query
        import dns.rcode
    except ImportError:
        raise BadRequest("--resolver needs dnspython: pip install 'bicoastal[lab]'") from None

    def resolve(name: str) -> Sequence[str]:
        try:
            query = dns.message.make_query(name, "A")
            answer, _ = dns.query.udp_with_fallback(query, host, TIMEOUT_S, int(port or 53))
        except dns.exception.DNSException as error:
            raise OSError(str(error)) from None
        found = [row.to_text().rstrip(".") for rows in answer.answer for row in rows]
        if not found:
            raise OSError(dns.rcode.to_text(answer.rcode()))
        return found

    return resolve, text
