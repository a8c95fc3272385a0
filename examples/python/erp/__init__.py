"""Invoices of Odoo and ERPNext as cases."""
