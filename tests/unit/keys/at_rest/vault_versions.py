"""Vault files as earlier programs wrote them (version 1: commit ee0f9fc). TEST KEYS ONLY, device key 00 to 1F.

In it: the TMK and the sign-in of the worked example in cup.md 3.8, and the terminal's own two keys.
"""

VERSION_1 = (
    '{"version":1,"nonce":"SXcVtq6TbxtOW51w","sealed":"A5GlWFKmtLD0tYoPz4J2gp4cirpV/9VTyg4T0DnM7fy2Jz1Ql2XQ/HocAdtLQfnq'
    "asSVhDCyTON+oiQI86WcQp6Q61SBCO05ML29hc71Kx2ui07yFp3YI766YYsDV0/2HYr3OZy7DaAd/z8bK8NDdUNIzA84miXJotYb/NHSCRpOLDqK"
    "IPkw5N04JZvOXDov9VMNoY2ujNOvd1GF2omNK5d9ZQXl9cPgurMqcfjm2HbrVa1T01GkkOC+TpZY4tbmsreuA9/BpK4fDaCA+UOM6gp/m8SY3eUR"
    'rgMKhn4="}'
)

# made by the same program with the same file
FINGERPRINT = "820b84a12812041310e0919fa4ee68d4"  # of 6250000000000001
SEALED = bytes.fromhex(  # b"TEST record"
    "cba20d7588331a55b2f84ece1c81b7962a0c30cfe1fb148613c7c2c6995c56b5c30b0441766dce"
)

VERSION_2 = (  # the same keys, written by the program of version 2 (commit 35ca161)
    '{"version":2,"nonce":"iQF5pglpA+uzBg/9","sealed":"tjq+efMuIQhleXIRAKClBE0c9gbfGeNBY1rA8B3tUU9VvUJRMBSaHpppzjoJER'
    "wuemLVTzbxwUTO2xil9Af0Vn8XWXiSq18hzs3aZ+5Cu1jro5GYRFw5fklcf5jLrA7HPSWv5kP+MR0CCP0zHmX8FhdkS6AcpjAvDxP0Gb/cSQUr7r"
    "B61fUzEcYxJV113uZu+tQXJZBHPFNtfvLoJ1ZNOS3coGiwr+TaAyhfbBnxivjVQi3O095HKqspy5B7Yka+SzoDavBpNI/x5fhHNhI2AfutOgimeu"
    "zCye+v0F7H3GLOEKgvbbs+8oz2XoqxZk2oVgPt6DAz4IIqGSIU3CQD3Nav9XmcT0VI4HGxpxtGqpKS06NT7Kwx/4HYLeUEs7a68Zf31RFf3Ha7QB"
    'y9Zi7uIeGbw9Q9ihSLP4YY4oyy1MgPpWh/qs3/XboFFAmdHRjl5HTDiyHkHCLIDDiVQD/A5LgDLeq1TxkvLtOk"}'
)
