"""What a printer says about itself: bits -> words. Law: pure; the worst that is said counts.

| question     | answered                 | bits                                                                     |
|--------------|--------------------------|--------------------------------------------------------------------------|
| DLE EOT 1    | at once                  | 3 off line                                                               |
| DLE EOT 2    | at once                  | 2 cover open, 5 stopped for want of paper                                |
| DLE EOT 3    | at once                  | 3 knife, 5 beyond repair, 6 mends itself (the head is too hot)           |
| DLE EOT 4    | at once                  | 2-3 near end, 5-6 paper end                                              |
| GS r 1       | after all sent before    | 2-3 paper end                                                            |
| LPGETSTATUS  | by the USB printer class | 3 no error, 4 selected, 5 paper empty                                    |

Which answer is which is told by the bits that are fixed: 0xx1xx10 of DLE EOT, 0xx0xxxx of GS r (Epson TM-T88III
specification, appendix G). XON and XOFF are neither, and no answer.
"""

from __future__ import annotations

from terminal.ports import CoverOpen, Overheated, PaperLeft, PrinterLost

PRINTER, CAUSE, ERROR, ROLL = b"\x10\x04\x01", b"\x10\x04\x02", b"\x10\x04\x03", b"\x10\x04\x04"
IN_TURN = b"\x1dr\x01"
NOW_BITS, NOW = 0b1001_0011, 0b0001_0010
IN_TURN_BITS = 0b1001_0000  # all of them 0
FLOW = frozenset((0x11, 0x13))  # XON, XOFF

OFF_LINE = 0b0000_1000  # of PRINTER
COVER, STOPPED = 0b0000_0100, 0b0010_0000  # of CAUSE
KNIFE, BROKEN, HOT = 0b0000_1000, 0b0010_0000, 0b0100_0000  # of ERROR
NEAR_END, PAPER_END = 0b0000_1100, 0b0110_0000  # of ROLL
END_IN_TURN = 0b0000_1100  # of IN_TURN
NO_ERROR, SELECTED, EMPTY = 0b0000_1000, 0b0001_0000, 0b0010_0000  # of LPGETSTATUS


def is_now(byte: int) -> bool:
    """Whether it has the form of an answer to DLE EOT.

    >>> [is_now(byte) for byte in (0x12, 0x72, 0x11, 0x13, 0x00, 0x37)]
    [True, True, False, False, False, False]
    """
    return byte & NOW_BITS == NOW


def is_in_turn(byte: int) -> bool:
    """Whether it has the form of an answer to GS r."""
    return byte & IN_TURN_BITS == 0


def paper_left(answers: dict[bytes, int], has_near_end: bool) -> PaperLeft:
    """Of the answers to DLE EOT that there are. Raises CoverOpen, Overheated, PrinterLost."""
    printer, cause, error, roll = (answers.get(question, 0) for question in (PRINTER, CAUSE, ERROR, ROLL))
    if cause & COVER:  # said first: with its lid up a printer feels no paper either
        raise CoverOpen("the printer's cover is open")
    if roll & PAPER_END or cause & STOPPED:
        return "out"
    if error & HOT:
        raise Overheated("the printer's head is too hot")
    if error & (KNIFE | BROKEN):
        raise PrinterLost("the printer is in error: its knife, or what only service mends")
    if printer & OFF_LINE:
        raise PrinterLost("the printer is off line")
    return "low" if roll & NEAR_END and has_near_end else "ok"


def paper_left_by_wires(status: int) -> PaperLeft:
    """Of LPGETSTATUS. Raises PrinterLost.

    >>> paper_left_by_wires(0x18), paper_left_by_wires(0x30)
    ('ok', 'out')
    """
    if status & EMPTY:
        return "out"
    if not status & NO_ERROR or not status & SELECTED:
        raise PrinterLost("the printer is off line, or in error")
    return "ok"
