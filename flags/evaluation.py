"""Whether a flag is on for a user at a moment, and why.

A rollout is sticky: every user has a place between 0 and 1, another one for each flag,
and is on from the moment on which the elapsed share of the rollout reaches it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from api import schema_errors
from flags import rules
from flags.rules import Rule


@dataclass(frozen=True, slots=True)
class Spec:
    """A flag as it is evaluated; its rollout has both ends, or neither."""

    name: str
    boolean: bool = False
    user: Sequence[Rule] = ()
    start_at: datetime | None = None
    end_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: `key` is the user's key, if there is a user id.

    `chance`, from 0 to below 1, is drawn once a request and stands for an unknown user
    in every rollout.
    """

    properties: Mapping[str, Any]
    key: int | None
    chance: float


class Verdict(NamedTuple):
    on: bool
    reason: str


def user_id(properties: Mapping[str, Any]) -> Any:
    """Returns the `user_id` of a user, an integer as its decimal digits."""
    value = properties.get("user_id")
    return str(value) if schema_errors.is_integer(value) else value


def position(name: str, *, key: int) -> float:
    """Returns a user's place in the rollout of a flag, from 0 to below 1.

    The first 53 bits of BLAKE2b (RFC 7693) of the flag's name, keyed by the user's key
    as 8 bytes, big-endian.
    """
    secret = key.to_bytes(8, "big", signed=True)
    digest = blake2b(name.encode(), key=secret, digest_size=8, person=b"rollout")
    return (int.from_bytes(digest.digest(), "big") >> 11) / 2**53


def share(spec: Spec, *, at: datetime) -> float:
    """Returns how much of a rollout is over: 0 up to its start, 1 from its end on."""
    if spec.start_at is None or spec.end_at is None or at <= spec.start_at:
        return 0.0
    if at >= spec.end_at:
        return 1.0
    return (at - spec.start_at) / (spec.end_at - spec.start_at)


def verdict(spec: Spec, *, visitor: Visitor, at: datetime) -> Verdict:
    """Returns whether a flag is on: any condition that holds is enough."""
    if spec.boolean:
        return Verdict(on=True, reason="always on")
    for rule in spec.user:
        if rules.fits(rule, user=visitor.properties):
            return Verdict(on=True, reason=rules.fit(rule, user=visitor.properties))
    if spec.start_at is None:
        reason = "no rule fits" if spec.user else "off, and without rules"
        return Verdict(on=False, reason=reason)
    return rolled_out(spec, visitor=visitor, at=at)


def rolled_out(spec: Spec, *, visitor: Visitor, at: datetime) -> Verdict:
    over = share(spec, at=at)
    if over == 0:
        reason = f"rollout: starts at {spec.start_at:%Y-%m-%d %H:%M:%S} UTC"
        return Verdict(on=False, reason=reason)
    if over == 1:
        return Verdict(on=True, reason="rollout: over, on for all")
    if visitor.key is None:
        where, who = visitor.chance, "requests, this one, without a user id, drew"
    else:
        where, who = position(spec.name, key=visitor.key), "users, this one is at"
    reason = f"rollout: {percent(over)} of {who} {percent(where)}"
    return Verdict(on=where <= over, reason=reason)


def percent(fraction: float) -> str:
    return f"{100 * fraction:.2f} %"


def state(spec: Spec, *, at: datetime) -> str:
    """Returns what a flag says to users that no rule fits, for people."""
    over = 1.0 if spec.boolean else share(spec, at=at)
    if 0 < over < 1:
        return f"on for {percent(over)} of users"
    return "on" if over else "off"
