"""The family of models that an architecture's name belongs to; its module is imported when it is asked for."""

import importlib

from vosbench.errors import UsageError
from vosbench_baselines.learning.family import Family

#: An architecture's name or its first word, and the module whose ``FAMILY`` trains it.
MODULES = {
    "masktrack-lite": "vosbench_baselines.masktrack_lite.train",
    "masktrack": "vosbench_baselines.oneshot.train",
    "onavos": "vosbench_baselines.oneshot.train",
    "osmn": "vosbench_baselines.oneshot.train",
    "osvos": "vosbench_baselines.oneshot.train",
    "segflow": "vosbench_baselines.oneshot.train",
    "rvos": "vosbench_baselines.rvos.train",
    "s2s": "vosbench_baselines.s2s.train",
    "stcnn": "vosbench_baselines.stcnn.train",
    "stm": "vosbench_baselines.stm.train",
    "stm-xs": "vosbench_baselines.stm_xs.train",
}


def family(architecture: str) -> Family:
    """The family of an architecture.

    Raises:
        UsageError: the first word of the name is no family's.
    """
    module = MODULES.get(architecture) or MODULES.get(architecture.partition("-")[0])
    if module is None:
        raise UsageError(f"no architecture {architecture!r}", fix=f"names begin with {', '.join(sorted(MODULES))}")
    found: Family = importlib.import_module(module).FAMILY
    return found
