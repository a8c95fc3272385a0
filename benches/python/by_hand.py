"""The policy of `../data/policy.json` in plain Python, twice: with whole cents and a float, and exactly.

Written by `write_by_hand.py`; do not edit. Each function takes a case as a dict and gives its outcome as a tuple:
segment, discount in basis points, role, triggers as bits, incentive, next stage. Nothing is checked, nothing explained.
"""

from decimal import ROUND_DOWN, Decimal
from typing import Any

Outcome = tuple[str, int, str, int, Any, str]

CENT = Decimal("0.01")
SCORE_200 = Decimal("0.2")
SCORE_400 = Decimal("0.4")
SCORE_500 = Decimal("0.5")
SCORE_600 = Decimal("0.6")
SCORE_800 = Decimal("0.8")
SCORE_850 = Decimal("0.85")


def decide(case: dict[str, Any]) -> Outcome:
    """Amounts are whole cents, the score is a float."""
    balance = case["balance"]
    days_past_due = case["days_past_due"]
    credit_score = case["credit_score"]
    product = case["product"]
    region = case["region"]
    broken_promises = case["broken_promises"]
    kept_promises = case["kept_promises"]
    risk_score = case["risk_score"]
    last_contact_days = case["last_contact_days"]
    disputed = case["disputed"]
    hardship = case["hardship"]
    bankrupt = case["bankrupt"]
    language = case["language"]
    calls_7d = case["calls_7d"]
    sms_7d = case["sms_7d"]
    emails_7d = case["emails_7d"]
    stage = case["stage"]
    days_in_stage = case["days_in_stage"]
    last_payment_days = case["last_payment_days"]
    last_payment_amount = case["last_payment_amount"]
    tenure_months = case["tenure_months"]
    legal_hold = case["legal_hold"]
    customer_type = case["customer_type"]
    deceased = case["deceased"]
    consent = case["consent"]

    if (
        balance >= 1_000_000
        and days_past_due < 30
        and credit_score >= 720
        and product in {"MORTGAGE", "AUTO", "LOAN"}
        and not disputed
    ):
        segment = "VIP"
    elif (
        balance >= 0
        and days_past_due >= 0
        and credit_score >= 0
        and product in {"CARD", "LOAN", "MORTGAGE", "AUTO", "TELCO", "UTILITY"}
        and disputed
    ):
        segment = "DISPUTE"
    elif (
        50_000 <= balance < 2_000_000
        and days_past_due >= 30
        and credit_score < 560
        and product in {"CARD", "LOAN"}
        and hardship
    ):
        segment = "HARDSHIP"
    elif (
        balance >= 500_000
        and days_past_due >= 180
        and credit_score < 520
        and product in {"LOAN", "AUTO", "MORTGAGE"}
        and not hardship
    ):
        segment = "LEGALRISK"
    elif (
        balance >= 250_000
        and days_past_due >= 90
        and credit_score < 620
        and product in {"CARD", "LOAN", "AUTO"}
        and not hardship
    ):
        segment = "HIGH"
    elif (
        100_000 <= balance < 250_000
        and days_past_due >= 120
        and credit_score < 600
        and product in {"CARD", "TELCO", "UTILITY"}
        and not hardship
    ):
        segment = "CHRONIC"
    elif (
        20_000 <= balance < 900_000
        and 60 <= days_past_due < 180
        and 500 <= credit_score < 680
        and product in {"CARD", "LOAN", "AUTO", "MORTGAGE"}
        and not hardship
    ):
        segment = "LATE"
    elif (
        balance < 300_000
        and days_past_due < 30
        and credit_score >= 600
        and product in {"CARD", "LOAN", "TELCO", "UTILITY"}
        and not hardship
    ):
        segment = "EARLY"
    elif (
        balance < 80_000
        and days_past_due < 90
        and credit_score >= 560
        and product in {"TELCO", "UTILITY"}
        and not disputed
    ):
        segment = "LOW"
    elif (
        balance >= 300_000
        and days_past_due >= 30
        and credit_score >= 580
        and product in {"LOAN", "MORTGAGE"}
        and not hardship
    ):
        segment = "SME"
    elif (
        balance >= 30_000
        and days_past_due < 240
        and credit_score >= 450
        and product in {"CARD", "LOAN", "MORTGAGE", "AUTO"}
        and not disputed
    ):
        segment = "STD"
    else:
        segment = "DEFAULT"

    if segment == "VIP" and days_past_due < 30 and balance >= 1_000_000 and broken_promises < 2:
        discount_bps = 500
        role = "SUPERVISOR"
    elif segment == "DISPUTE" and days_past_due < 90 and balance < 200_000 and broken_promises < 1:
        discount_bps = 1_500
        role = "AGENT"
    elif segment == "DISPUTE" and days_past_due < 180 and balance < 900_000 and broken_promises < 3:
        discount_bps = 1_000
        role = "SENIOR"
    elif segment == "DISPUTE" and days_past_due >= 90 and balance >= 100_000 and broken_promises < 10:
        discount_bps = 1_250
        role = "SUPERVISOR"
    elif segment == "HARDSHIP" and days_past_due < 120 and balance < 500_000 and broken_promises < 3:
        discount_bps = 3_500
        role = "SENIOR"
    elif segment == "HARDSHIP" and days_past_due >= 120 and balance < 2_000_000 and broken_promises < 6:
        discount_bps = 4_500
        role = "MANAGER"
    elif (
        segment == "LEGALRISK"
        and 180 <= days_past_due < 360
        and 500_000 <= balance < 2_000_000
        and broken_promises < 5
    ):
        discount_bps = 3_000
        role = "MANAGER"
    elif segment == "LEGALRISK" and days_past_due >= 360 and balance >= 500_000 and broken_promises < 20:
        discount_bps = 5_500
        role = "DIRECTOR"
    elif segment in {"HIGH", "CHRONIC"} and 90 <= days_past_due < 180 and balance < 600_000 and broken_promises < 3:
        discount_bps = 2_000
        role = "SENIOR"
    elif segment in {"HIGH", "CHRONIC"} and 180 <= days_past_due < 300 and balance < 900_000 and broken_promises < 5:
        discount_bps = 2_750
        role = "SUPERVISOR"
    elif segment in {"HIGH", "CHRONIC"} and days_past_due >= 300 and balance >= 100_000 and broken_promises >= 2:
        discount_bps = 4_000
        role = "MANAGER"
    elif segment in {"LATE", "SME"} and days_past_due < 120 and balance < 400_000 and broken_promises < 2:
        discount_bps = 1_250
        role = "AGENT"
    elif segment in {"LATE", "SME"} and days_past_due < 180 and balance < 1_500_000 and broken_promises < 4:
        discount_bps = 1_750
        role = "SENIOR"
    elif segment in {"STD", "LOW"} and days_past_due >= 60 and balance < 500_000 and broken_promises < 4:
        discount_bps = 1_000
        role = "AGENT"
    elif segment in {"STD", "LOW", "EARLY"} and days_past_due < 60 and balance < 300_000 and broken_promises < 1:
        discount_bps = 250
        role = "AGENT"
    elif (
        segment in {"STD", "DEFAULT", "LATE", "HIGH", "SME"}
        and days_past_due >= 30
        and balance >= 10_000
        and broken_promises >= 0
    ):
        discount_bps = 750
        role = "SENIOR"
    else:
        discount_bps = 0
        role = "NONE"

    triggers = 0
    if calls_7d >= 5 and last_contact_days < 2 and not legal_hold:
        triggers |= 1
    if broken_promises >= 3 and balance >= 100_000:
        triggers |= 2
    if bankrupt:
        triggers |= 4
    if deceased:
        triggers |= 8
    if last_contact_days >= 21 and days_past_due >= 60 and consent:
        triggers |= 16
    if risk_score >= 0.8 and balance >= 250_000 and days_past_due >= 30:
        triggers |= 32
    if language in {"ar", "pt"} and region in {"NORTH", "ISLANDS"} and calls_7d >= 2:
        triggers |= 64
    if days_in_stage >= 45 and stage in {"CALL", "PROMISE", "NEGOTIATE"}:
        triggers |= 128
    if customer_type in {"corporate", "sme"} and balance >= 1_000_000 and risk_score >= 0.5:
        triggers |= 256
    if last_payment_days >= 90 and last_payment_amount < 5_000 and not hardship:
        triggers |= 512

    if risk_score < 0.2 and balance < 100_000 and kept_promises >= 3:
        incentive = balance * 500 // 10_000
    elif risk_score < 0.2 and 100_000 <= balance < 500_000 and kept_promises >= 2:
        incentive = balance * 400 // 10_000
    elif risk_score < 0.4 and balance < 250_000 and kept_promises >= 1:
        incentive = balance * 300 // 10_000
    elif 0.2 <= risk_score < 0.5 and 250_000 <= balance < 1_000_000 and kept_promises >= 1:
        incentive = balance * 250 // 10_000
    elif 0.4 <= risk_score < 0.6 and balance < 250_000 and kept_promises >= 0:
        incentive = balance * 200 // 10_000
    elif 0.6 <= risk_score < 0.8 and 50_000 <= balance < 2_000_000 and kept_promises >= 0:
        incentive = balance * 150 // 10_000
    elif risk_score >= 0.8 and balance >= 100_000 and kept_promises >= 0:
        incentive = balance * 100 // 10_000
    else:
        incentive = balance * 50 // 10_000

    next_stage = stage
    if stage == "NEW":
        if deceased:
            next_stage = "CLOSED"
        elif days_past_due >= 30 and risk_score >= 0.6:
            next_stage = "CALL"
        elif days_past_due >= 5 and consent:
            next_stage = "SOFT"
    elif stage == "SOFT":
        if disputed:
            next_stage = "CLOSED"
        elif days_past_due >= 30 and days_in_stage >= 10:
            next_stage = "REMIND"
        elif emails_7d >= 4 and sms_7d >= 3:
            next_stage = "REMIND"
    elif stage == "REMIND":
        if bankrupt:
            next_stage = "LEGAL"
        elif days_in_stage >= 14 and balance >= 50_000:
            next_stage = "CALL"
        elif risk_score >= 0.85 and days_past_due >= 45:
            next_stage = "CALL"
    elif stage == "CALL":
        if bankrupt:
            next_stage = "LEGAL"
        elif kept_promises >= 1 and last_contact_days < 7:
            next_stage = "PROMISE"
        elif broken_promises >= 2 and days_past_due >= 60:
            next_stage = "NEGOTIATE"
    elif stage == "PROMISE":
        if broken_promises >= 3:
            next_stage = "NEGOTIATE"
        elif last_payment_days < 5 and last_payment_amount >= 10_000:
            next_stage = "CLOSED"
        elif days_in_stage >= 20 and days_past_due >= 90:
            next_stage = "PRELEGAL"
    elif stage == "NEGOTIATE":
        if hardship and last_payment_days < 30:
            next_stage = "PROMISE"
        elif days_in_stage >= 30 and balance >= 500_000:
            next_stage = "PRELEGAL"
        elif days_in_stage >= 30:
            next_stage = "AGENCY"
    elif stage == "PRELEGAL":
        if legal_hold:
            next_stage = "PRELEGAL"
        elif days_past_due >= 180 and balance >= 500_000 and not bankrupt:
            next_stage = "LEGAL"
        elif days_in_stage >= 60:
            next_stage = "AGENCY"
    elif stage == "LEGAL":
        if deceased:
            next_stage = "CLOSED"
        elif last_payment_days < 15 and last_payment_amount >= 50_000:
            next_stage = "NEGOTIATE"
        elif days_past_due >= 720 and balance < 100_000:
            next_stage = "CLOSED"
    elif stage == "AGENCY":
        if last_payment_days < 10:
            next_stage = "PROMISE"
        elif days_past_due >= 540 and tenure_months >= 24:
            next_stage = "CLOSED"
        elif disputed and not legal_hold:
            next_stage = "CALL"
    elif stage == "CLOSED":
        if balance >= 1 and last_payment_days < 3 and not deceased:
            next_stage = "SOFT"
        elif disputed and balance >= 900_000:
            next_stage = "NEGOTIATE"
        elif balance >= 0 and days_in_stage >= 3_650:
            next_stage = "CLOSED"

    return segment, discount_bps, role, triggers, incentive, next_stage


def decide_exact(case: dict[str, Any]) -> Outcome:
    """Amounts and the score are `Decimal`."""
    balance = case["balance"]
    days_past_due = case["days_past_due"]
    credit_score = case["credit_score"]
    product = case["product"]
    region = case["region"]
    broken_promises = case["broken_promises"]
    kept_promises = case["kept_promises"]
    risk_score = case["risk_score"]
    last_contact_days = case["last_contact_days"]
    disputed = case["disputed"]
    hardship = case["hardship"]
    bankrupt = case["bankrupt"]
    language = case["language"]
    calls_7d = case["calls_7d"]
    sms_7d = case["sms_7d"]
    emails_7d = case["emails_7d"]
    stage = case["stage"]
    days_in_stage = case["days_in_stage"]
    last_payment_days = case["last_payment_days"]
    last_payment_amount = case["last_payment_amount"]
    tenure_months = case["tenure_months"]
    legal_hold = case["legal_hold"]
    customer_type = case["customer_type"]
    deceased = case["deceased"]
    consent = case["consent"]

    if (
        balance >= 10_000
        and days_past_due < 30
        and credit_score >= 720
        and product in {"MORTGAGE", "AUTO", "LOAN"}
        and not disputed
    ):
        segment = "VIP"
    elif (
        balance >= 0
        and days_past_due >= 0
        and credit_score >= 0
        and product in {"CARD", "LOAN", "MORTGAGE", "AUTO", "TELCO", "UTILITY"}
        and disputed
    ):
        segment = "DISPUTE"
    elif (
        500 <= balance < 20_000
        and days_past_due >= 30
        and credit_score < 560
        and product in {"CARD", "LOAN"}
        and hardship
    ):
        segment = "HARDSHIP"
    elif (
        balance >= 5_000
        and days_past_due >= 180
        and credit_score < 520
        and product in {"LOAN", "AUTO", "MORTGAGE"}
        and not hardship
    ):
        segment = "LEGALRISK"
    elif (
        balance >= 2_500
        and days_past_due >= 90
        and credit_score < 620
        and product in {"CARD", "LOAN", "AUTO"}
        and not hardship
    ):
        segment = "HIGH"
    elif (
        1_000 <= balance < 2_500
        and days_past_due >= 120
        and credit_score < 600
        and product in {"CARD", "TELCO", "UTILITY"}
        and not hardship
    ):
        segment = "CHRONIC"
    elif (
        200 <= balance < 9_000
        and 60 <= days_past_due < 180
        and 500 <= credit_score < 680
        and product in {"CARD", "LOAN", "AUTO", "MORTGAGE"}
        and not hardship
    ):
        segment = "LATE"
    elif (
        balance < 3_000
        and days_past_due < 30
        and credit_score >= 600
        and product in {"CARD", "LOAN", "TELCO", "UTILITY"}
        and not hardship
    ):
        segment = "EARLY"
    elif (
        balance < 800
        and days_past_due < 90
        and credit_score >= 560
        and product in {"TELCO", "UTILITY"}
        and not disputed
    ):
        segment = "LOW"
    elif (
        balance >= 3_000
        and days_past_due >= 30
        and credit_score >= 580
        and product in {"LOAN", "MORTGAGE"}
        and not hardship
    ):
        segment = "SME"
    elif (
        balance >= 300
        and days_past_due < 240
        and credit_score >= 450
        and product in {"CARD", "LOAN", "MORTGAGE", "AUTO"}
        and not disputed
    ):
        segment = "STD"
    else:
        segment = "DEFAULT"

    if segment == "VIP" and days_past_due < 30 and balance >= 10_000 and broken_promises < 2:
        discount_bps = 500
        role = "SUPERVISOR"
    elif segment == "DISPUTE" and days_past_due < 90 and balance < 2_000 and broken_promises < 1:
        discount_bps = 1_500
        role = "AGENT"
    elif segment == "DISPUTE" and days_past_due < 180 and balance < 9_000 and broken_promises < 3:
        discount_bps = 1_000
        role = "SENIOR"
    elif segment == "DISPUTE" and days_past_due >= 90 and balance >= 1_000 and broken_promises < 10:
        discount_bps = 1_250
        role = "SUPERVISOR"
    elif segment == "HARDSHIP" and days_past_due < 120 and balance < 5_000 and broken_promises < 3:
        discount_bps = 3_500
        role = "SENIOR"
    elif segment == "HARDSHIP" and days_past_due >= 120 and balance < 20_000 and broken_promises < 6:
        discount_bps = 4_500
        role = "MANAGER"
    elif segment == "LEGALRISK" and 180 <= days_past_due < 360 and 5_000 <= balance < 20_000 and broken_promises < 5:
        discount_bps = 3_000
        role = "MANAGER"
    elif segment == "LEGALRISK" and days_past_due >= 360 and balance >= 5_000 and broken_promises < 20:
        discount_bps = 5_500
        role = "DIRECTOR"
    elif segment in {"HIGH", "CHRONIC"} and 90 <= days_past_due < 180 and balance < 6_000 and broken_promises < 3:
        discount_bps = 2_000
        role = "SENIOR"
    elif segment in {"HIGH", "CHRONIC"} and 180 <= days_past_due < 300 and balance < 9_000 and broken_promises < 5:
        discount_bps = 2_750
        role = "SUPERVISOR"
    elif segment in {"HIGH", "CHRONIC"} and days_past_due >= 300 and balance >= 1_000 and broken_promises >= 2:
        discount_bps = 4_000
        role = "MANAGER"
    elif segment in {"LATE", "SME"} and days_past_due < 120 and balance < 4_000 and broken_promises < 2:
        discount_bps = 1_250
        role = "AGENT"
    elif segment in {"LATE", "SME"} and days_past_due < 180 and balance < 15_000 and broken_promises < 4:
        discount_bps = 1_750
        role = "SENIOR"
    elif segment in {"STD", "LOW"} and days_past_due >= 60 and balance < 5_000 and broken_promises < 4:
        discount_bps = 1_000
        role = "AGENT"
    elif segment in {"STD", "LOW", "EARLY"} and days_past_due < 60 and balance < 3_000 and broken_promises < 1:
        discount_bps = 250
        role = "AGENT"
    elif (
        segment in {"STD", "DEFAULT", "LATE", "HIGH", "SME"}
        and days_past_due >= 30
        and balance >= 100
        and broken_promises >= 0
    ):
        discount_bps = 750
        role = "SENIOR"
    else:
        discount_bps = 0
        role = "NONE"

    triggers = 0
    if calls_7d >= 5 and last_contact_days < 2 and not legal_hold:
        triggers |= 1
    if broken_promises >= 3 and balance >= 1_000:
        triggers |= 2
    if bankrupt:
        triggers |= 4
    if deceased:
        triggers |= 8
    if last_contact_days >= 21 and days_past_due >= 60 and consent:
        triggers |= 16
    if risk_score >= SCORE_800 and balance >= 2_500 and days_past_due >= 30:
        triggers |= 32
    if language in {"ar", "pt"} and region in {"NORTH", "ISLANDS"} and calls_7d >= 2:
        triggers |= 64
    if days_in_stage >= 45 and stage in {"CALL", "PROMISE", "NEGOTIATE"}:
        triggers |= 128
    if customer_type in {"corporate", "sme"} and balance >= 10_000 and risk_score >= SCORE_500:
        triggers |= 256
    if last_payment_days >= 90 and last_payment_amount < 50 and not hardship:
        triggers |= 512

    if risk_score < SCORE_200 and balance < 1_000 and kept_promises >= 3:
        incentive = (balance * 500 / 10_000).quantize(CENT, ROUND_DOWN)
    elif risk_score < SCORE_200 and 1_000 <= balance < 5_000 and kept_promises >= 2:
        incentive = (balance * 400 / 10_000).quantize(CENT, ROUND_DOWN)
    elif risk_score < SCORE_400 and balance < 2_500 and kept_promises >= 1:
        incentive = (balance * 300 / 10_000).quantize(CENT, ROUND_DOWN)
    elif SCORE_200 <= risk_score < SCORE_500 and 2_500 <= balance < 10_000 and kept_promises >= 1:
        incentive = (balance * 250 / 10_000).quantize(CENT, ROUND_DOWN)
    elif SCORE_400 <= risk_score < SCORE_600 and balance < 2_500 and kept_promises >= 0:
        incentive = (balance * 200 / 10_000).quantize(CENT, ROUND_DOWN)
    elif SCORE_600 <= risk_score < SCORE_800 and 500 <= balance < 20_000 and kept_promises >= 0:
        incentive = (balance * 150 / 10_000).quantize(CENT, ROUND_DOWN)
    elif risk_score >= SCORE_800 and balance >= 1_000 and kept_promises >= 0:
        incentive = (balance * 100 / 10_000).quantize(CENT, ROUND_DOWN)
    else:
        incentive = (balance * 50 / 10_000).quantize(CENT, ROUND_DOWN)

    next_stage = stage
    if stage == "NEW":
        if deceased:
            next_stage = "CLOSED"
        elif days_past_due >= 30 and risk_score >= SCORE_600:
            next_stage = "CALL"
        elif days_past_due >= 5 and consent:
            next_stage = "SOFT"
    elif stage == "SOFT":
        if disputed:
            next_stage = "CLOSED"
        elif days_past_due >= 30 and days_in_stage >= 10:
            next_stage = "REMIND"
        elif emails_7d >= 4 and sms_7d >= 3:
            next_stage = "REMIND"
    elif stage == "REMIND":
        if bankrupt:
            next_stage = "LEGAL"
        elif days_in_stage >= 14 and balance >= 500:
            next_stage = "CALL"
        elif risk_score >= SCORE_850 and days_past_due >= 45:
            next_stage = "CALL"
    elif stage == "CALL":
        if bankrupt:
            next_stage = "LEGAL"
        elif kept_promises >= 1 and last_contact_days < 7:
            next_stage = "PROMISE"
        elif broken_promises >= 2 and days_past_due >= 60:
            next_stage = "NEGOTIATE"
    elif stage == "PROMISE":
        if broken_promises >= 3:
            next_stage = "NEGOTIATE"
        elif last_payment_days < 5 and last_payment_amount >= 100:
            next_stage = "CLOSED"
        elif days_in_stage >= 20 and days_past_due >= 90:
            next_stage = "PRELEGAL"
    elif stage == "NEGOTIATE":
        if hardship and last_payment_days < 30:
            next_stage = "PROMISE"
        elif days_in_stage >= 30 and balance >= 5_000:
            next_stage = "PRELEGAL"
        elif days_in_stage >= 30:
            next_stage = "AGENCY"
    elif stage == "PRELEGAL":
        if legal_hold:
            next_stage = "PRELEGAL"
        elif days_past_due >= 180 and balance >= 5_000 and not bankrupt:
            next_stage = "LEGAL"
        elif days_in_stage >= 60:
            next_stage = "AGENCY"
    elif stage == "LEGAL":
        if deceased:
            next_stage = "CLOSED"
        elif last_payment_days < 15 and last_payment_amount >= 500:
            next_stage = "NEGOTIATE"
        elif days_past_due >= 720 and balance < 1_000:
            next_stage = "CLOSED"
    elif stage == "AGENCY":
        if last_payment_days < 10:
            next_stage = "PROMISE"
        elif days_past_due >= 540 and tenure_months >= 24:
            next_stage = "CLOSED"
        elif disputed and not legal_hold:
            next_stage = "CALL"
    elif stage == "CLOSED":
        if balance >= CENT and last_payment_days < 3 and not deceased:
            next_stage = "SOFT"
        elif disputed and balance >= 9_000:
            next_stage = "NEGOTIATE"
        elif balance >= 0 and days_in_stage >= 3_650:
            next_stage = "CLOSED"

    return segment, discount_bps, role, triggers, incentive, next_stage
