"""Tests skip_reasons.py on logs as ctest writes them."""
import unittest

import skip_reasons

LOG = """1/3 Test: A.b
Output:
----------------------------------------------------------
[ RUN      ] A.b
/src/x_test.cpp:12: Skipped
no lmdb here

[  SKIPPED ] A.b (0 ms)
2/3 Test: whole_test
[ RUN      ] C.d
../x_test.cpp:13: Skipped
needs: root
and more
[  SKIPPED ] C.d (0 ms)
[ RUN      ] C.e
[       OK ] C.e (0 ms)
3/3 Test: quiet
Skipped
"""


class SkipReasons(unittest.TestCase):
    def test_names_and_reasons(self):
        self.assertEqual(
            list(skip_reasons.reasons(LOG.splitlines())),
            [("A.b", "no lmdb here"), ("whole_test: C.d", "needs: root and more"), ("quiet", "no reason given")],
        )


if __name__ == "__main__":
    unittest.main()
