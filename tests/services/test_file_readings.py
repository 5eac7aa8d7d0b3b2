"""How files are understood: encodings, delimiters, numbers, dates, kinds, signs; without a database."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook

from engine.errors import UnreadableFile
from services.files import values
from services.files.drafting import draft_rows
from services.files.layout import guarded, unguarded
from services.files.mapping import read_mapping, signature_of, understand
from services.files.tables import Table, read_table

TODAY = date(2026, 1, 1)
TRADES = "Datum;Typ;Symbol;Stück;Kurs\n31.01.2024;Kauf;ACME;1.000;12,50\n01.02.2024;Verkauf;ACME;-10;1.012,5\n"


def facts(content: str | bytes, **said: Any) -> list[dict[str, Any]]:
    """What the rows of a file say, or what is wrong with them."""
    table = read_table("some.csv", content if isinstance(content, bytes) else content.encode())
    lines = draft_rows(table, understand(table, said=read_mapping(said)), today=TODAY)
    return [{"status": line.status, "wrong": [error["field"] for error in line.errors], **(line.draft.fields if line.draft else {})}
            for line in lines]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_every_encoding_and_delimiter_gives_the_same_rows(encoding: str, delimiter: str) -> None:
    found = facts(TRADES.replace(";", delimiter).encode(encoding))
    assert [(row["kind"], row["quantity"], row["price"], row["date"].isoformat()) for row in found] == [
        ("BUY", 1000, 12.5, "2024-01-31"), ("SELL", 10, 1012.5, "2024-02-01")]


def test_lines_before_the_header_and_under_the_last_row_are_no_rows() -> None:
    text = "sep=,\nMy broker\nAccount,12345\n\nTrade Date,Action,Ticker,Shares,Price\n2024-01-02,Buy,ACME,1,2\n\nTotal,1\nWithout guarantee\n"
    table = read_table("a.csv", text.encode())
    assert (table.header_row, [number for number, _ in table.rows]) == (5, [6, 8, 9])
    assert [row["status"] for row in facts(text)] == ["accepted", "ignored", "ignored"]


@pytest.mark.parametrize(("cell", "decimal", "found"), [
    ("1.234,56", ",", "1234.56"), ("1,234.56", ".", "1234.56"), ("1'234.56", ".", "1234.56"), ("1\u202f234,5", ",", "1234.5"),
    ("(12.3)", ".", "-12.3"), ("-$1,234.56", ".", "-1234.56"), ("12.3-", ".", "-12.3"), ("\u221212", ".", "-12"), ("12,50 €", ",", "12.50"),
    ("USD 3", ".", "3"), ("--", ".", ""), ("1,5", ".", "1,5"), ("1.234,56", ".", "1.234,56"), ("NaN", ".", "NaN"), ("Infinity", ".", "Infinity"),
    ("0.001", ",", "0.001"), ("1e3", ".", "1e3"),
])
def test_a_number_is_read_in_the_style_of_its_file_or_left_as_it_is(cell: str, decimal: str, found: str) -> None:
    assert values.number_text(cell, decimal) == found


@pytest.mark.parametrize(("cells", "style"), [(["1,234", "5.5"], "."), (["1.234", "5,5"], ","), (["1.234.567"], ","), (["1,234,567"], "."),
                                              (["0,5"], ","), (["1.234"], "."), (["12,5", "1,234.5", "7,25"], ",")])
def test_the_style_of_numbers_is_decided_over_all_of_them(cells: list[str], style: str) -> None:
    assert values.decimal_style(cells).value == style


@pytest.mark.parametrize(("cells", "order"), [(["01/02/2024", "13/02/2024"], "dmy"), (["01/02/2024", "02/13/2024"], "mdy"), (["01.02.2024"], "dmy"),
                                              (["2024-01-02"], "ymd"), (["01/02/2024", "01/03/2024", "02/01/2024"], "mdy"),
                                              (["01/02/2024", "03/02/2024", "02/03/2024"], "dmy")])
def test_the_order_of_dates_is_decided_over_all_of_them(cells: list[str], order: str) -> None:
    assert values.date_order(cells).value == order


@pytest.mark.parametrize(("cell", "day"), [("28 Mar 2024", "2024-03-28"), ("März 28, 2024", "2024-03-28"), ("28-MAR-24", "2024-03-28"),
                                           ("20240328", "2024-03-28"), ("2024-03-28T23:10:00Z", "2024-03-28"), ("28.3.2024 10:15", "2024-03-28"),
                                           ("31.02.2024", "31.02.2024"), ("soon", "soon")])
def test_a_date_is_read_or_left_as_it_is(cell: str, day: str) -> None:
    assert values.date_text(cell, "dmy") == day


@pytest.mark.parametrize(("header", "row", "wanted"), [
    ("Date,Type,Ticker,Shares,Price", "2024-01-02,Achat,ACME,2,3", {"kind": "BUY", "quantity": 2}),
    ("Date,Type,Ticker,Shares,Price", "2024-01-02,Trade,ACME,-2,3", {"kind": "SELL", "quantity": 2}),
    ("Date,Ticker,Shares,Price", "2024-01-02,ACME,-2,3", {"kind": "SELL", "quantity": 2}),
    ("Date,Type,Amount", "2024-01-02,Deposit/Withdrawal,-30", {"kind": "WITHDRAWAL", "amount": 30}),
    ("Date,Type,Ticker,Amount", "2024-01-02,Cash dividend,ACME,30", {"kind": "DIVIDEND", "amount": 30}),
    ("Date,Type,Amount", "2024-01-02,Interest,-3", {"kind": "INTEREST", "amount": -3}),
    ("Date,Type,Amount", "2024-01-02,Custody fee,-3", {"kind": "FEE", "amount": 3}),
    ("Date,Type,Ticker,Shares,Total,Commission", "2024-01-02,Buy,ACME,2,-101,1", {"kind": "BUY", "amount": 100, "fee": 1}),
    ("Date,Type,Ticker,Shares,Total,Commission", "2024-01-02,Sell,ACME,2,99,1", {"kind": "SELL", "amount": 100, "fee": 1}),
    ("Date,Type,Ticker,Net Amount,Withholding tax", "2024-01-02,Dividend,ACME,85,15", {"kind": "DIVIDEND", "amount": 100, "tax": 15}),
    ("Date,Type,Ticker,Shares,Price (USD)", "2024-01-02,Buy,ACME,2,3", {"currency": "USD", "price": 3}),
])
def test_kinds_and_signs_of_other_programs(header: str, row: str, wanted: dict[str, Any]) -> None:
    found = facts(f"{header}\n{row}\n")[0]
    assert found["wrong"] == []
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize(("currency", "major"), [("GBX", "GBP"), ("GBp", "GBP"), ("ILA", "ILS"), ("ZAC", "ZAR"), ("ZAc", "ZAR")])
def test_minor_currencies_are_a_hundredth(currency: str, major: str) -> None:
    found = facts(f"date,kind,symbol,quantity,price,fee,currency\n2024-01-02,BUY,ACME,10,1234.5,50,{currency}\n")[0]
    assert (str(found["price"]), str(found["fee"]), found["currency"]) == ("12.345", "0.5", major)


def test_an_amount_that_is_told_in_pounds_stays_so_beside_a_price_in_pence() -> None:
    found = facts("Date,Type,Ticker,Shares,Price,Gross Amount,Fee,Currency\n2024-01-02,Buy,ACME,10,1234.5,123.45,2,GBX\n")[0]
    assert (str(found["price"]), str(found["amount"]), str(found["fee"])) == ("12.345", "123.45", "2")


def test_a_purchase_of_less_than_nothing_is_refused() -> None:
    assert facts("Date,Type,Ticker,Shares,Price\n2024-01-02,Buy,ACME,-2,3\n")[0]["wrong"] == ["quantity"]


@pytest.mark.parametrize("bad", ["NaN", "Infinity", "-inf", "1" * 41, "0." + "1" * 41, "1,2,3", "0x10"])
def test_numbers_that_are_none_are_refused(bad: str) -> None:
    assert facts(f'date,kind,symbol,quantity,price\n2024-01-02,BUY,ACME,"{bad}",1\n')[0]["wrong"] == ["quantity"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "'=1", "''=1", "'plain", "plain", "\t=1", "", "'", "=", "-"])
def test_a_disarmed_text_comes_back_as_it_was(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t"))


def test_headers_in_another_order_are_the_same_kind_of_file() -> None:
    assert signature_of(["Date", "Währung"]) == signature_of(["wahrung", "DATE "])
    assert signature_of(["Date"]) != signature_of(["Date", "Currency"])


def test_a_mapping_may_name_columns_either_way_round() -> None:
    assert read_mapping('{"date": "When", "kind": "What"}') == read_mapping('{"columns": {"When": "date", "What": "kind"}}')


def archive(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries.items():
            packed.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


def workbook(rows: list[list[Any]]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def test_a_workbook_is_read_by_what_its_cells_hold() -> None:
    header, row = ["Date", "Type", "Ticker", "Shares", "Price"], [date(2024, 1, 2), "Buy", "ACME", 0.1 + 0.2, 12]
    table = read_table("a.xlsx", workbook([["My broker"], [], header, row]))
    assert (table.source, table.header_row) == ("xlsx", 3)
    assert table.rows == [(4, ["2024-01-02", "Buy", "ACME", "0.3", "12"])]


@pytest.mark.parametrize("content", [
    archive(xl__workbook_xml=b"<a/>", xl__worksheets__sheet1_xml=b"0" * 40_000_000), archive(notes_txt=b"hello"), b"PK\x03\x04broken",
    archive(xl__workbook_xml=b'<!DOCTYPE a [<!ENTITY b "c">]><workbook>&b;</workbook>'),
    archive(**{f"xl__workbook{number}_xml": b"" for number in range(1200)}),
])
def test_archives_that_are_no_honest_workbook_are_refused(content: bytes) -> None:
    with pytest.raises(UnreadableFile) as caught:
        read_table("a.xlsx", content)
    assert caught.value.context["hint"]


def test_a_sheet_that_lies_about_its_size_is_read_all_the_same() -> None:
    honest = workbook([["date", "kind", "amount"], ["2024-01-02", "DEPOSIT", 5]])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(honest)) as packed, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as lying:
        for entry in packed.infolist():
            content = packed.read(entry)
            lying.writestr(entry.filename, content.replace(b'ref="A1:C2"', b'ref="A1:XFD1048576"') if "sheet1" in entry.filename else content)
    table: Table = read_table("a.xlsx", out.getvalue())
    assert [cells for _, cells in table.rows] == [["2024-01-02", "DEPOSIT", "5"]]
