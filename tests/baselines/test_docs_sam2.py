"""The model of another library in docs/adding-a-model.md is run as printed, small and untrained."""

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the baselines need torch")
transformers = pytest.importorskip("transformers", reason="the example needs the transformers library")

import torch  # noqa: E402

from tests.unit.fake_videos import make_videos, read_png  # noqa: E402
from vosbench.models.predict import predict  # noqa: E402
from vosbench.testing import check_model  # noqa: E402

PAGE = Path(__file__).parents[2] / "docs/adding-a-model.md"
SIDE = 128


def example() -> dict:
    (code,) = (c for c in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL) if "Sam2Video" in c)
    names: dict = {}
    exec(compile(code, str(PAGE), "exec"), names)
    return names


def untrained():
    """SAM 2 with the smallest sizes its parts agree on; nothing is downloaded."""
    torch.manual_seed(0)
    backbone = transformers.Sam2HieraDetConfig(
        hidden_size=8,
        image_size=[SIDE, SIDE],
        blocks_per_stage=[1, 1, 2, 1],
        embed_dim_per_stage=[8, 16, 32, 64],
        num_attention_heads_per_stage=[1, 1, 1, 1],
        window_size_per_stage=[8, 4, 4, 4],
        global_attention_blocks=[3],
    )
    config = transformers.Sam2VideoConfig(
        vision_config=transformers.Sam2VisionConfig(
            backbone_config=backbone,
            backbone_channel_list=[64, 32, 16, 8],
            backbone_feature_sizes=[[SIDE // 4] * 2, [SIDE // 8] * 2, [SIDE // 16] * 2],
            fpn_hidden_size=128,
        ),
        prompt_encoder_config={"hidden_size": 128, "image_size": SIDE},
        mask_decoder_config={"hidden_size": 128, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 32},
        image_size=SIDE,
        memory_attention_hidden_size=128,
        memory_attention_num_layers=1,
        memory_attention_feed_forward_hidden_size=64,
        memory_attention_rope_feat_sizes=[SIDE // 16, SIDE // 16],
        memory_encoder_hidden_size=128,
        memory_encoder_output_channels=64,
        mask_downsampler_embed_dim=128,
        memory_fuser_embed_dim=128,
        memory_fuser_intermediate_dim=64,
    )
    return transformers.Sam2VideoModel(config)


def test_it_keeps_the_contract_of_the_door():
    check_model(example()["Sam2"](untrained()))


def test_it_predicts_a_dataset_with_an_object_that_appears_late(tmp_path):
    videos = make_videos(tmp_path / "data", names=("a", "b"))
    predict(videos, split="val", models=[example()["Sam2"](untrained())], out=tmp_path / "out")
    first = read_png(tmp_path / "out/b/00002.png")
    np.testing.assert_array_equal(first == 2, videos.truth.maps["b"]["00002"] == 2)
    assert len(list((tmp_path / "out/a").glob("*.png"))) == 5
