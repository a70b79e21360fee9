"""The user's own numbers: thresholds for vague targets, and caps that a document leaves to places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from sanlian_analysis.calculation import parameter_floor
from sanlian_analysis.codes import level_of
from sanlian_analysis.errors import SanlianError
from sanlian_analysis.language import say
from sanlian_analysis.policy import Parameter, Policy, Target
from sanlian_analysis.policy_files import exact_threshold
from sanlian_analysis.policy_text import is_rate


@dataclass(frozen=True)
class Assumptions:
    """What a user supplied for one policy.

    `policy`: with the supplied parameters in place. `thresholds`: target id →
    (threshold, as it was written), for the primary reading of vague targets.
    `places`: target id → (area code or "" for everywhere, as it was written),
    for targets whose parameters were supplied.
    """

    policy: Policy
    thresholds: Mapping[str, tuple[Fraction, str]] = field(default_factory=dict)
    places: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    def text(self, target: str, reading: str, area_code: str) -> str:
        """What was assumed in a row of the results; empty for nothing."""
        if reading == "primary" and target in self.thresholds:
            return self.thresholds[target][1]
        return "; ".join(
            written
            for place, written in self.places.get(target, ())
            if area_code.startswith(place) or place.startswith(area_code)
        )


def assume(policy: Policy, written: Iterable[str]) -> Assumptions:
    """Apply the user's assumptions to a policy; those for other policies are passed over.

    Each is written `POLICY/TARGET=VALUE` (a threshold such as 0.9, 90% or 9/10
    for a vague target), `POLICY/TARGET.PARAMETER=VALUE`, or
    `POLICY/TARGET.PARAMETER@COUNTY=VALUE`. Raises SanlianError for a target
    that is unknown or sets its own number, a parameter that the policy does
    not leave open, and a value that is malformed or below what is known of it.
    """
    assumed = Assumptions(policy)
    for one in written:
        head, _, value = one.partition("=")
        owner, _, name = head.partition("/")
        if not value or not name:
            raise _refuse(one, "应写作 政策/目标=数值", "write POLICY/TARGET=VALUE")
        if owner == policy.id:
            assumed = _applied(assumed, policy, one, name, value)
    return assumed


def _applied(
    assumed: Assumptions, document: Policy, one: str, name: str, value: str
) -> Assumptions:
    id_, _, rest = name.partition(".")
    target = next((t for t in assumed.policy.targets if t.id == id_), None)
    if target is None:
        there = "、".join(t.id for t in assumed.policy.targets)
        raise _refuse(
            one, f"没有目标 {id_!r}；有：{there}", f"no target {id_!r}; there are: {there}"
        )
    number = exact_threshold(value, lambda message: _refuse(one, message, message))
    if rest:
        return _parameter_set(assumed, document, one, target, rest, number)
    if target.milestones:
        raise _refuse(
            one,
            "这项目标文件已有数值；只能为没有数值的目标假定",
            "the document sets this number itself; only vague targets take an assumption",
        )
    if is_rate(target.readings[0]) and number > 1:
        raise _refuse(
            one,
            "这项是比例，最多 100%；是否想写 90%？",
            "this is a share, 100% at most; did you mean 90%?",
        )
    return replace(assumed, thresholds={**assumed.thresholds, target.id: (number, one)})


def _parameter_set(
    assumed: Assumptions, document: Policy, one: str, target: Target, rest: str, value: Fraction
) -> Assumptions:
    id_, _, place = rest.partition("@")
    policy = assumed.policy
    open_ = [p.id for p in document.parameters if p.default is None and p.id in target.names]
    if id_ not in open_:
        there = "、".join(f"{target.id}.{known}" for known in open_) or say("无", "none")
        raise _refuse(
            one, f"没有可假定的参数 {id_!r}；有：{there}", f"no open parameter; there are: {there}"
        )
    if place and level_of(place) != "county":
        raise _refuse(one, "@ 之后应为 6 位区县代码", "write a county's code of 6 digits after @")
    parameter = next(p for p in assumed.policy.parameters if p.id == id_)
    least = parameter_floor(policy, parameter, place)
    if value < least:
        raise _refuse(
            one,
            f"低于文件已定的最小值 {float(least):g}；请核对，或用 @区县代码 分别给出",
            f"below {float(least):g}, which the document settles; check it, or give it per county "
            "with @COUNTY",
        )
    places = (*assumed.places.get(target.id, ()), (place, one))
    return replace(
        assumed,
        policy=_with_parameter(assumed.policy, parameter, place, value),
        places={**assumed.places, target.id: places},
    )


def _with_parameter(policy: Policy, parameter: Parameter, place: str, value: Fraction) -> Policy:
    given = (
        replace(parameter, by_area=(*parameter.by_area, (place, value)))
        if place
        else replace(parameter, default=value)
    )
    parameters = tuple(given if p.id == parameter.id else p for p in policy.parameters)
    return replace(policy, parameters=parameters)


def _refuse(one: str, zh: str, en: str) -> SanlianError:
    return SanlianError(f"--assume {one}{say('：', ': ')}{say(zh, en)}")
