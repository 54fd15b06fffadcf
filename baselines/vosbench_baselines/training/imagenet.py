"""``initial = "imagenet"``: the trunk's weights from torchvision, where that is installed."""

import sys

import torch

from vosbench.errors import UsageError

FILE = 'give a file: initial = "….pth", a state dict in torchvision\'s names'


def imagenet_state(trunk: str | None, architecture: str) -> dict[str, torch.Tensor]:
    """The state dict of a trunk, in torchvision's names and by its first recipe, which is that of the papers' time.

    torchvision downloads it when it is first asked, and keeps it (``TORCH_HOME``).

    Args:
        trunk: torchvision's name of it, ``resnet50`` for instance; None where there is none that fits.
        architecture: the network that it is for.

    Raises:
        UsageError: no trunk fits, torchvision is missing or broken, or cannot fetch the weights.
    """
    if trunk is None:
        raise UsageError(
            f'{architecture} has no trunk that ImageNet weights fit, initial = "imagenet"',
            fix="leave initial out, or give a file of vosbench-train",
        )
    try:
        from torchvision.models import get_model_weights
    except ImportError as error:
        raise UsageError(
            f'initial = "imagenet" takes {trunk} from torchvision, which is not installed',
            fix=f"pip install torchvision, or {FILE}",
        ) from error
    except Exception as error:  # built for another PyTorch, it fails in many ways
        raise UsageError(
            f'initial = "imagenet" takes {trunk} from torchvision, which cannot be imported: {error}',
            fix=f"install the torchvision that belongs to this PyTorch, or {FILE}",
        ) from error
    weights = get_model_weights(trunk)["IMAGENET1K_V1"]
    try:
        state: dict[str, torch.Tensor] = weights.get_state_dict(progress=sys.stderr.isatty(), check_hash=True)
    except Exception as error:  # no network, a broken download, a server that answers otherwise
        raise UsageError(f"torchvision cannot fetch {trunk}: {error}", fix=f"try again, or {FILE}") from error
    return state
