"""The compiled kernel; everything else about the package stands in setup.cfg."""

import sys
from glob import glob

from setuptools import Extension, setup

WINDOWS = sys.platform == "win32"

setup(
    ext_modules=[
        Extension(
            "vosbench.kernel._native",
            sources=sorted(glob("vosbench/kernel/native/*.c")),
            depends=["vosbench/kernel/native/kernel.h"],
            # No fused multiply-add: temporal stability is compared bit for bit.
            extra_compile_args=["/O2"] if WINDOWS else ["-O3", "-std=c11", "-ffp-contract=off"],
            py_limited_api=True,
            optional=True,  # no compiler: the NumPy twin serves
        )
    ]
)
