"""The chip: EMV contact level 2 (Books 1-4). Law: pure but for the `transmit` it is handed.

One file per phase, in the Books' words; each phase takes the frozen result of the one before.
`refund.read_account` and `sale.begin` / `sale.complete` are the only two ways in.
"""
