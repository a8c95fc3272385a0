"""What must hold for every account, tried on many by hypothesis."""

from datetime import datetime, timedelta
from decimal import Decimal

import recoup
from hypothesis import given
from hypothesis import strategies as st

from pack_tests.conftest import Record

amounts = st.decimals("0.01", "100000.00", places=2)
days_late = st.integers(0, 2000)
hours = st.integers(0, 7 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
regions = st.sampled_from(["CA", "DC", "MA", "NY", "TX", "WA", recoup.UNKNOWN])
collectors = st.sampled_from(["third_party", "debt_buyer", "attorney"])


def limits(decision: recoup.Decision) -> tuple[recoup.Part, ...]:
    """The least that may be accepted, by the number of instalments; none where there is no settlement."""
    assert isinstance(decision.settlement, recoup.Part)
    found: tuple[recoup.Part, ...] = decision.settlement.limits
    return found


@given(channel=st.sampled_from(["call", "sms", "email"]), collector=collectors, region=regions, after=hours)
def test_nobody_is_reached_while_it_is_not_known_where_they_are(
    rules: recoup.Engine,
    account: Record,
    as_of: datetime,
    channel: str,
    collector: str,
    region: object,
    after: timedelta,
) -> None:
    nowhere = account | {"time_zones": recoup.UNKNOWN, "collector_type": collector, "region": region}
    check = rules.check_contact(nowhere, channel=channel, as_of=as_of + after)
    assert not check.allowed


@given(region=regions, after=hours)
def test_no_text_goes_out_while_consents_are_not_known(
    rules: recoup.Engine, account: Record, as_of: datetime, region: object, after: timedelta
) -> None:
    record = account | {"consents": recoup.UNKNOWN, "region": region}
    assert not rules.check_contact(record, channel="sms", as_of=as_of + after).allowed


@given(after=hours)
def test_what_is_said_to_be_allowed_next_is_allowed_then(
    rules: recoup.Engine, account: Record, as_of: datetime, after: timedelta
) -> None:
    now = as_of + after
    check = rules.check_contact(account, channel="call", as_of=now)
    assert check.next_allowed_at is not None and check.next_allowed_at >= now
    assert rules.check_contact(account, channel="call", as_of=now, at=check.next_allowed_at).allowed


@given(low=amounts, high=amounts, days=days_late)
def test_a_larger_debt_is_never_asked_a_larger_share(
    rules: recoup.Engine, account: Record, as_of: datetime, low: Decimal, high: Decimal, days: int
) -> None:
    low, high = sorted([low, high])
    small, large = (
        limits(rules.evaluate(account | {"balance": balance, "days_past_due": days}, as_of=as_of))
        for balance in (low, high)
    )
    assert (small == ()) == (large == ())
    for of_small, of_large in zip(small, large):
        assert of_large.percent <= of_small.percent


@given(balance=amounts, days=days_late)
def test_more_instalments_never_cost_less(
    rules: recoup.Engine, account: Record, as_of: datetime, balance: Decimal, days: int
) -> None:
    decision = rules.evaluate(account | {"balance": balance, "days_past_due": days}, as_of=as_of)
    amounts = [limit.amount for limit in limits(decision)]
    assert amounts == sorted(amounts)


@given(balance=amounts, days=days_late, low=st.integers(1, 100), high=st.integers(1, 100))
def test_a_higher_offer_is_never_judged_worse(
    rules: recoup.Engine, account: Record, as_of: datetime, balance: Decimal, days: int, low: int, high: int
) -> None:
    record = account | {"balance": balance, "days_past_due": days}
    ranks = {"refused": 0, "needs_approval": 1, "accepted": 2}

    def rank(percent: int) -> int:
        amount = max(round(balance * percent / 100, 2), Decimal("0.01"))
        return ranks[rules.judge_offer(record, amount=amount, role="senior", as_of=as_of).verdict]

    assert rank(min(low, high)) <= rank(max(low, high))


@given(
    forgotten=st.sets(st.sampled_from(["risk_score", "hardship", "payments", "promises", "contacts"])),
    balance=amounts,
    days=days_late,
    score=st.integers(0, 1000),
)
def test_to_know_less_never_leads_to_another_segment(
    rules: recoup.Engine,
    account: Record,
    as_of: datetime,
    forgotten: set[str],
    balance: Decimal,
    days: int,
    score: int,
) -> None:
    known = account | {"balance": balance, "days_past_due": days, "risk_score": score}
    vague = known | dict.fromkeys(forgotten, recoup.UNKNOWN)
    segment = rules.evaluate(vague, as_of=as_of).segment
    assert isinstance(segment, recoup.Unknown) or segment == rules.evaluate(known, as_of=as_of).segment
