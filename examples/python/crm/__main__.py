"""Starts the CRM: `python -m crm`. Reads DATABASE_URL, and RULES, the folder of the pack."""

import os
import sys
from pathlib import Path

import recoup
import uvicorn

from crm.app import create_app


RULES = Path(__file__).parents[3] / "rules/us-consumer"


def main() -> None:
    try:
        rules = recoup.Engine.load(os.environ.get("RULES", RULES))
    except recoup.PackError as error:
        findings = [str(diagnostic) for diagnostic in error.diagnostics] or [str(error)]
        sys.exit("\n".join(["the rules cannot be used, so the CRM does not start", *findings]))
    uvicorn.run(create_app(rules, os.environ.get("DATABASE_URL", "sqlite:///crm.db")))


main()
