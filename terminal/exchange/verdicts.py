"""What a response code says of the money. Law: only a verdict ends an exchange; a trouble of the acquirer's ends none.

| code                                | says                                              |
|-------------------------------------|---------------------------------------------------|
| 68, 98, 09                          | nobody knows (yet)                                |
| 94                                  | this F11 was had before: whose it was is not said |
| those of a sign-in due, every 9x    | a trouble of the acquirer's, now                  |
| every other that is not an approval | no                                                |
"""

from __future__ import annotations

from terminal.iso8583.response_codes import ISSUER_SILENT, SIGN_IN_AGAIN

NOT_DECIDED = ISSUER_SILENT | {"09"}
DUPLICATE = "94"


def is_passing(code: str) -> bool:
    """Not a verdict on the money: the same message may be answered otherwise later.

    >>> [code for code in ("51", "68", "77", "96") if is_passing(code)]
    ['68', '77', '96']
    """
    return code in NOT_DECIDED | SIGN_IN_AGAIN or code[:1] == "9"
