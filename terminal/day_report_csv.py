"""A report as CSV, for a spreadsheet. Law: what a cell says is shown, never worked out; the fen are exact.

UTF-8 with BOM. The first row names the columns; names are words of the records and stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from terminal.day_report import DayReport, Entry, Sums
from terminal.money import Money

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # how a cell begins that is worked out
NUMBER, DIGITS = re.compile(r"-?[0-9]{1,11}(\.[0-9]{2})?"), re.compile(r"0[0-9]+|[0-9]{12,}")
BOM = "\ufeff"  # so that a spreadsheet takes it for UTF-8


def totals_csv(report: DayReport) -> bytes:
    """One row a part; amounts in units with two decimals."""
    head = ("part", "key", "sales_count", "sales", "voids_count", "voids", "refunds_count", "refunds", "net")
    scope = report.scope
    parts = (("operator", report.by_operator), ("reason", report.by_reason), ("card", report.by_card_kind))
    rows = [
        (scope.kind, f"{scope.first} {scope.last}", *_cells(report.sums)),
        *((name, part.key, *_cells(part.sums)) for name, listed in parts for part in listed),
        ("unknown", "", *_cells(report.unknown)),
        ("pending", "", *_cells(report.pending)),
        ("late", "", "", "", "", "", str(report.late.count), _units(report.late.minor), ""),
        ("kept_costs", "", "", "", "", "", str(report.kept_costs.count), _units(report.kept_costs.minor), ""),
        ("handling_fees", "", "", "", "", "", str(report.handling_fees.count), _units(report.handling_fees.minor), ""),
    ]
    return _csv([head, *rows])


def entries_csv(report: DayReport) -> bytes:
    """One row an exchange, in the fields of Entry; amounts in units with two decimals."""
    names = Entry.__struct_fields__
    money = ("amount", "kept_cost", "handling_fee")
    rows = [
        tuple(_units(getattr(entry, name)) if name in money else str(getattr(entry, name)) for name in names)
        for entry in report.entries
    ]
    return _csv([names, *rows])


def cell(text: str) -> str:
    """As a spreadsheet shows it and does not work it out: digits that it would round or shorten get a tab before them.

    >>> [cell(text) for text in ("=1+1", "-12.50", "@A1", "000007", "091947145060", "01", "12.00")]
    ["'=1+1", '-12.50', "'@A1", '\\t000007', '\\t091947145060', '\\t01', '12.00']
    """
    if DIGITS.fullmatch(text):
        return f"\t{text}"
    return f"'{text}" if text.startswith(FORMULA) and not NUMBER.fullmatch(text) else text


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([cell(value) for value in row] for row in rows)
    return (BOM + text.getvalue()).encode()


def _cells(sums: Sums) -> tuple[str, ...]:
    parts = (sums.sales, sums.voids, sums.refunds)
    return (*(value for part in parts for value in (str(part.count), _units(part.minor))), _units(sums.net))


def _units(minor: int) -> str:
    return str(Money(minor))
