"""Response codes and their categories, as the shared notes cup.md give them (4.10; sources named there).

CATEGORIES: code -> column std (T3 and 银联), then column S1; "-" where a column gives none. Where both give one, they
agree. OWN: codes of single acquirers (cup.md 2.5, refund.md 2 and 3), which have no category. The other sets are the
paragraph "Terminal actions keyed on codes" of 4.10, word for word.
"""

CATEGORIES = dict(
    line.split()
    for line in """
00 AA
01 CC
02 -C
03 CC
04 DD
05 CC
06 -E
07 -D
09 -B
10 A-
11 A-
12 CC
13 BB
14 BB
15 CC
19 -C
20 -C
21 CC
22 CC
23 -C
25 CC
30 CC
31 -C
33 -D
34 DD
35 -D
36 -D
37 -D
38 DD
39 -C
40 CC
41 DD
42 -B
43 DD
44 -C
51 CC
52 -C
53 -C
54 CC
55 CC
56 CC
57 CC
58 CC
59 CC
60 -C
61 CC
62 CC
63 -C
64 CC
65 CC
66 -C
67 -C
68 CC
75 CC
77 -D
79 -C
90 CC
91 CC
92 CC
93 -C
94 CC
95 -C
96 CC
97 DD
98 EE
99 BB
A0 BB
A1 C-
A2 A-
A3 C-
A4 A-
A5 A-
A6 A-
A7 C-
D5 -C
D6 -C
D7 -C
""".strip().splitlines()
)
OWN = ("48", "49", "C9", "CA")
SUCCESS_WITH_MESSAGE = ("11", "A2", "A4", "A5", "A6")
PARTIAL_APPROVAL = "10"
KEPT_CARD = ("04", "07", "33", "34", "35", "36", "37", "38", "41", "43", "67")
SIGN_IN_AGAIN = ("77", "99", "A0")
CONFIGURATION_ERRORS = ("97", "58", "03")
CLEAR_A_REVERSAL = ("25", "12")
ACCEPTED_ITEM = ("94", "00")
NO_AUTOMATIC_RETRY = ("98", "68")
