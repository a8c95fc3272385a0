"""A small CRM that asks recoup what to do: FastAPI, SQLAlchemy, one HTML page."""
