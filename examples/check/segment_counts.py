"""Counts the accounts of each segment of the card-portfolio pack, without the engine.

Usage: python3 segment_counts.py FILE

FILE is a CSV file with the columns of "Default of Credit Card Clients". Prints `segment,count`, sorted by segment.
Written from the pack's README, so that two programs that know nothing of each other have to agree.
"""

import csv
import sys
from collections import Counter
from decimal import Decimal

STATUSES = ("PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6")


def segment(account):
    """The segment of one account, a mapping of column names to numbers."""
    now, *before = (account[column] for column in STATUSES)
    late_months = sum(status > 0 for status in (now, *before))
    bill = account["BILL_AMT1"]
    if bill <= 0:
        return "check_data" if now > 0 else "nothing_owed"
    if now >= 3:
        return "three_months_or_more"
    if now == 2:
        return "two_months_habit" if late_months >= 4 else "two_months"
    if now == 1:
        return "one_month_again" if max(before) >= 2 else "one_month"
    if late_months > 0:
        return "recovered"
    if bill > account["LIMIT_BAL"]:
        return "over_limit"
    return "revolving" if now == 0 else "pays_in_full"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    with open(sys.argv[1], newline="", encoding="utf-8-sig") as file:
        # Decimal, because some amounts are written as 1.00E+05.
        accounts = [{column: Decimal(text) for column, text in row.items()} for row in csv.DictReader(file)]
    counts = Counter(map(segment, accounts))
    for name in sorted(counts):
        print(f"{name},{counts[name]}")


if __name__ == "__main__":
    main()
