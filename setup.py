"""The compiled kernel; everything else about the package stands in setup.cfg."""

import sys
from pathlib import Path

from setuptools import Extension, setup

WINDOWS = sys.platform == "win32"

setup(
    ext_modules=[
        Extension(
            "vosbench.kernel._native",
            sources=sorted(path.as_posix() for path in Path("vosbench/kernel/native").glob("*.c")),
            depends=sorted(path.as_posix() for path in Path("vosbench/kernel/native").glob("*.h")),
            # No fused multiply-add: temporal stability is compared bit for bit.
            extra_compile_args=["/O2"] if WINDOWS else ["-O3", "-std=c11", "-ffp-contract=off"],
            py_limited_api=True,
            optional=True,  # no compiler: the NumPy twin serves
        )
    ]
)
